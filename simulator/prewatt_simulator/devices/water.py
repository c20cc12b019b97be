"""Water meter with a valve: counts its load while the valve is open, and reverse flow.

Volume is counted in ml and shown in whole litres, as the nearest float of m³. The meter keeps no credit: the platform
closes the valve.
"""

from prewatt_fixtures.site import SiteMeter
from prewatt_simulator.devices import seed_defaults
from prewatt_simulator.devices.device import Meter
from prewatt_simulator.devices.layout import Layout
from prewatt_simulator.devices.trace import load_of
from prewatt_simulator.units import ML_PER_LITRE


class WaterMeter(Meter):
    """Water meter with forward and reverse volume, flow and a valve."""

    __slots__ = (
        "_zone_ms",
        "battery_low",
        "load",
        "reverse_litres",
        "seed",
        "valve_abnormal",
        "valve_open",
        "volume_ml",
    )

    def __init__(self, placed: SiteMeter, layout: Layout, *, now_ms: int, zone_ms: int, seed: int) -> None:
        super().__init__(placed.number, placed.profile, layout, now_ms)
        drawn = seed_defaults.load_for(placed, seed)
        self.load = load_of(drawn.shape, drawn.per_day * ML_PER_LITRE, drawn.file, "m3")
        self.volume_ml = seed_defaults.volume_litres(placed, drawn, seed) * ML_PER_LITRE
        self.reverse_litres = 0
        self.valve_open = True
        self.valve_abnormal = False
        """Reported in the valve's register; the valve moves all the same."""
        self.battery_low = False
        self.seed = seed
        self._zone_ms = zone_ms

    @property
    def flow_litres_per_hour(self) -> int:
        """Flow at `settled_ms`; 0 with the valve closed."""
        return round(self.load.per_hour(self.settled_ms + self._zone_ms)) if self.valve_open else 0

    def settle(self, now_ms: int) -> None:
        if now_ms <= self.settled_ms:
            return
        if self.valve_open:
            until, since = now_ms + self._zone_ms, self.settled_ms + self._zone_ms
            self.volume_ml += self.load.drawn(until) - self.load.drawn(since)
        self.settled_ms = now_ms
