"""Quality of the supply, made to fit the electrical values of the same moment: distortion, unbalance, angles.

How distorted a phase is, is our own invention, plausible rather than measured; it flickers from the seed like the values
that it belongs to. Whole numbers in 0.01 % and 0.01 degrees.
"""

import math
from collections.abc import Sequence

from prewatt_simulator.devices.energy.electrical import Electrical, noise

ORDERS = range(2, 32)
"""Harmonics that are shown, by order."""
_PHASE_ANGLES = (0, 24000, 12000)
_FULL_TURN = 36000
_VOLTAGE_DISTORTION, _CURRENT_DISTORTION = (180, 40), (850, 250)
"""Mean and swing in 0.01 %."""
_VOLTAGE_CHANNEL, _CURRENT_CHANNEL = 20, 30
_SLOWNESS = 60


def distortion(seen: Electrical, quantity: str, phase: int, seed: int, moment: int) -> int:
    """Total harmonic distortion of a phase's `voltage` or `current`; 0 where there is none."""
    if not getattr(seen, quantity)[phase]:
        return 0
    voltage = quantity == "voltage"
    mean, swing = _VOLTAGE_DISTORTION if voltage else _CURRENT_DISTORTION
    channel = (_VOLTAGE_CHANNEL if voltage else _CURRENT_CHANNEL) + phase
    return round(mean + swing * noise(seed, moment // _SLOWNESS, channel))


def harmonics(total: int) -> bytes:
    """Shares of the orders, each in two bytes, whose root of squares is the distortion; odd ones weigh more."""
    weights = [(1 if order % 2 else 0.1) / order for order in ORDERS]
    scale = total / math.hypot(*weights)
    return b"".join(round(scale * weight).to_bytes(2, "big") for weight in weights)


def unbalance(values: Sequence[int]) -> int:
    """The largest deviation of a phase from the mean of all."""
    mean = sum(values) / len(values)
    return round(10_000 * max(abs(value - mean) for value in values) / mean) if mean else 0


def voltage_angle(phase: int) -> int:
    """Against phase A."""
    return _PHASE_ANGLES[phase]


def current_angle(seen: Electrical, phase: int) -> int:
    """Against the voltage of phase A; a consumer's current lags its voltage."""
    lag = math.degrees(math.acos(seen.power_factor[phase] / 1000)) if seen.current[phase] else 0
    return round(_PHASE_ANGLES[phase] - 100 * lag) % _FULL_TURN


def vector_sum(seen: Electrical) -> int:
    """Length of the sum of the phases' currents as vectors."""
    angles = [math.radians(current_angle(seen, phase) / 100) for phase in range(len(seen.current))]
    across = sum(i * math.cos(angle) for i, angle in zip(seen.current, angles, strict=True))
    along = sum(i * math.sin(angle) for i, angle in zip(seen.current, angles, strict=True))
    return round(math.hypot(across, along))
