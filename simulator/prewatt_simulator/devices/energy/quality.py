"""Supply quality of one measuring period: distortion, unbalance and angles, consistent with its electrical values.

The distortion of a phase is invented (ASSUMED, plausible values) and varies by the seed. Integers in 0.01 % and 0.01
degrees.
"""

import math
from collections.abc import Sequence

from prewatt_simulator.devices.energy.electrical import Electrical, noise

ORDERS = range(2, 32)
"""Orders of the harmonics in the registers."""
_PHASE_ANGLES = (0, 24000, 12000)
_FULL_TURN = 36000
_VOLTAGE_DISTORTION, _CURRENT_DISTORTION = (180, 40), (850, 250)
"""Mean and largest deviation in 0.01 %."""
_VOLTAGE_CHANNEL, _CURRENT_CHANNEL = 20, 30
"""Channels of `noise`, apart from those of `electrical`."""
_PERIODS_PER_CHANGE = 60


def distortion(seen: Electrical, quantity: str, phase: int, seed: int, moment: int) -> int:
    """Total harmonic distortion of a phase's `voltage` or `current`; 0 without voltage or current."""
    if not getattr(seen, quantity)[phase]:
        return 0
    voltage = quantity == "voltage"
    mean, swing = _VOLTAGE_DISTORTION if voltage else _CURRENT_DISTORTION
    channel = (_VOLTAGE_CHANNEL if voltage else _CURRENT_CHANNEL) + phase
    return round(mean + swing * noise(seed, moment // _PERIODS_PER_CHANGE, channel))


def harmonics(total: int) -> bytes:
    """Distortion by order, two bytes each; their root sum of squares is `total`, and odd orders weigh more."""
    weights = [(1 if order % 2 else 0.1) / order for order in ORDERS]
    scale = total / math.hypot(*weights)
    return b"".join(round(scale * weight).to_bytes(2, "big") for weight in weights)


def unbalance(values: Sequence[int]) -> int:
    """Largest deviation of a phase from the mean of all, relative to the mean."""
    mean = sum(values) / len(values)
    return round(10_000 * max(abs(value - mean) for value in values) / mean) if mean else 0


def voltage_angle(phase: int) -> int:
    """Angle of a phase's voltage against phase A."""
    return _PHASE_ANGLES[phase]


def current_angle(seen: Electrical, phase: int) -> int:
    """Angle of a phase's current against the voltage of phase A; the current of a consumer lags its voltage."""
    lag = math.degrees(math.acos(seen.power_factor[phase] / 1000)) if seen.current[phase] else 0
    return round(_PHASE_ANGLES[phase] - 100 * lag) % _FULL_TURN


def vector_sum(seen: Electrical) -> int:
    """Magnitude of the vector sum of the phase currents, in their unit."""
    angles = [math.radians(current_angle(seen, phase) / 100) for phase in range(len(seen.current))]
    across = sum(i * math.cos(angle) for i, angle in zip(seen.current, angles, strict=True))
    along = sum(i * math.sin(angle) for i, angle in zip(seen.current, angles, strict=True))
    return round(math.hypot(across, along))
