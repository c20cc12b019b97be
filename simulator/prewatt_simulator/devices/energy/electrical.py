"""Voltage, current, power and power factor of one measuring period, consistent with each other.

Computed from the power drawn and from noise that is a pure function of seed and measuring period, so that a farm shows
the same values on every run, however often it is read. Integers in 0.1 V, 0.01 A, 1 W, 0.001, 0.01 Hz, on the side of
the transformers that the registers show.
"""

import math
from dataclasses import dataclass

NOMINAL_DECIVOLT = 2200
_MASK = 0xFFFF_FFFF_FFFF_FFFF


@dataclass(frozen=True, slots=True)
class Electrical:
    """Electrical values of one measuring period. Tuples are by phase; phases that the meter lacks are 0."""

    voltage: tuple[int, ...]
    current: tuple[int, ...]
    power: tuple[int, ...]
    reactive: tuple[int, ...]
    apparent: tuple[int, ...]
    power_factor: tuple[int, ...]
    frequency: int

    @property
    def power_factor_total(self) -> int:
        """Total active power divided by total apparent power, in 0.001; 1000 without load."""
        apparent = sum(self.apparent)
        return max(-1000, min(1000, round(1000 * sum(self.power) / apparent))) if apparent else 1000


def noise(seed: int, moment: int, channel: int) -> float:
    """A pseudo-random number in [-1, 1), a pure function of its arguments (the finaliser of splitmix64)."""
    word = (seed + moment * 0x9E3779B97F4A7C15 + channel * 0xD1B54A32D192ED03) & _MASK
    word = ((word ^ word >> 30) * 0xBF58476D1CE4E5B9) & _MASK
    word = ((word ^ word >> 27) * 0x94D049BB133111EB) & _MASK
    return (word ^ word >> 31) / 2**63 - 1


def measure(power_w: float, phases: int, ct: int, pt: int, seed: int, moment: int) -> Electrical:
    """Electrical values at a meter behind transformers `ct` and `pt` for `power_w` on the primary side.

    Negative power is fed in, evenly on all phases; the power factor is negative too (ASSUMED). Currents have no sign.
    """
    voltage, current, power, reactive, apparent, factor = ([0, 0, 0] for _ in range(6))
    for phase in range(phases):
        share = power_w / phases * (1 + 0.04 * noise(seed, moment, 4 * phase))
        decivolt = round(NOMINAL_DECIVOLT + 30 * noise(seed, moment, 4 * phase + 1))
        per_mille = round(945 + 35 * noise(seed, moment // 60, 4 * phase + 2))
        sign = -1 if share < 0 else 1
        # power is computed back from the rounded current, so that U × I × cos φ = P holds on the registers
        centiampere = round(abs(share) / (ct * pt) / (decivolt / 10 * per_mille / 1000) * 100)
        voltampere = decivolt * centiampere / 1000
        voltage[phase], current[phase], factor[phase] = decivolt, centiampere, sign * per_mille
        apparent[phase] = round(voltampere)
        power[phase] = sign * round(voltampere * per_mille / 1000)
        reactive[phase] = round(voltampere * math.sqrt(1 - (per_mille / 1000) ** 2))
    return Electrical(
        tuple(voltage),
        tuple(current),
        tuple(power),
        tuple(reactive),
        tuple(apparent),
        tuple(factor),
        round(5000 + 2 * noise(seed, moment, 12)),
    )
