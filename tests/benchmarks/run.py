"""What the simulator costs, measured side by side with others in one run; every goal is printed with its figure.

Fails when a goal was missed. Speed is compared within the run, because the machine's own speed swings; goals in
seconds and bytes stand for themselves, and hold on a quiet machine of two cores.
"""

import argparse
import sys
from collections.abc import Callable, Mapping

from benchmarks import in_memory, sales, scale, servers, site_import, wire_timing, year
from benchmarks.verdict import Verdict

PARTS: Mapping[str, Callable[[bool], list[Verdict]]] = {
    "servers": servers.measure,
    "in-memory": in_memory.measure,
    "scale": scale.measure,
    "wire-timing": wire_timing.measure,
    "year": year.measure,
    "site-import": site_import.measure,
    "sales": sales.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="which parts to run; all unless given")
    parser.add_argument(
        "--quick", action="store_true", help="short windows, few rounds and days: a look, not a result"
    )
    options = parser.parse_args()
    verdicts = []
    for name in options.parts or PARTS:
        print(f"\n== {name}", flush=True)
        verdicts += PARTS[name](options.quick)
    print("\n== goals")
    for verdict in verdicts:
        print(verdict)
    return int(not all(verdict.met for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
