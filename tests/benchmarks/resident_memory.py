"""Resident memory that a farm of the given site adds to a process, its billing registers read once: one JSON object."""

import gc
import json
import os
import sys
from itertools import cycle, islice
from pathlib import Path

from prewatt_fixtures.site import load_site
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.farm import Farm
from prewatt_simulator.journal.journal import ENTRIES_MAX, Journal

BILLING = {
    "ADW300/CLR": [(0x003C, 6), (0x0197, 8)],
    "DTSD1352-C": [(0x0000, 20)],
    "DTSY1352-NK/F": [(0x0200, 48), (0x0400, 25)],
    "DDSY1352-NK/F": [(0x0200, 48), (0x0400, 25)],
}
"""Start and count of what is read of each model: energy by rate, and everything about money."""


def resident_bytes() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def read_all(farm: Farm, reads: int | None = None) -> None:
    """Read every meter's billing registers, or go on in a circle until there were so many reads."""
    asked = [
        (placed, read_holding(*block))
        for placed in farm.site.meters
        for block in BILLING.get(placed.model, [])
    ]
    for placed, request in asked if reads is None else islice(cycle(asked), reads):
        bus = farm.bus(placed.gateway, placed.port)
        reply, _ = bus.exchange(placed.bus_address, request, farm.clock.time())
        assert reply
        assert reply[0] == request[0]


def main(site: str) -> None:
    small = Farm(load_site("tiny"))
    read_all(small, ENTRIES_MAX)
    before = resident_bytes()
    farm = Farm(load_site(site), journal=Journal(1))
    read_all(farm)
    print(json.dumps({"meters": len(farm.site.meters), "bytes": resident_bytes() - before}))


if __name__ == "__main__":
    main(sys.argv[1])
