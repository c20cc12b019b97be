"""Long campaigns: a million malformed frames, one journal a hundred times, orders under loss and outages, reading success
beside each kind of loss, the ledger against its model.

Each round has a seed of its own, from --seed upwards, and says how far it came. What breaks is told with the seed that
shows it again: `make campaign ARGS="malformed --seed 17 --frames 20000"`.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from campaigns import journals, losses, malformed, resolution

from prewatt_fixtures.endpoints import Framing
from prewatt_platform.kernel import migrate
from prewatt_platform.kernel.connections import connect
from prewatt_platform.kernel.postgres import EmbeddedPostgres

FRAMES = 1_200_000
ROUND_FRAMES = 50_000
GROWTH_BYTES_MAX = 16 * 1024 * 1024
"""How much more memory the process may hold at its end than after a round over each framing."""

RUNS = 100
REQUESTS = 60
HASH_SEEDS = ("0", "1", "2", "random")
OTHER_SEEDS = 30
RESOLUTION_RUNS, RESOLUTION_SALES = 4, 100
RESOLUTION_P95_S, RESOLUTION_P99_S = 30, 300
"""From the moment at which a meter can be reached again to the end of its order, on virtual time."""
LOSS_ROUNDS = 60
LOSS_POINTS_MAX = 3
"""Between the best and the worst kind of loss, in percent points."""
FRAMINGS: tuple[Framing, ...] = ("rtu", "tcp")


def send_malformed(seed: int, frames: int) -> None:
    """Round after round over both framings; `malformed.Broken` when the farm does not stand one."""
    sent, heard, number, warm_bytes, began = 0, 0, 0, 0, time.monotonic()
    while sent < frames:
        framing = FRAMINGS[number % len(FRAMINGS)]
        outcome = malformed.run_round(seed + number, framing, min(ROUND_FRAMES, frames - sent))
        sent, heard, number = sent + outcome.frames, heard + outcome.heard, number + 1
        resident = _resident_bytes()
        print(
            f"seed {seed + number - 1} over {framing}: {sent:,} of {frames:,} frames, {heard:,} heard on a bus, "
            f"{resident / 2**20:.1f} MiB, {time.monotonic() - began:.0f} s",
            flush=True,
        )
        if number == len(FRAMINGS):
            warm_bytes = resident
    if number > len(FRAMINGS) and _resident_bytes() - warm_bytes > GROWTH_BYTES_MAX:
        raise SystemExit(f"memory grew by {(_resident_bytes() - warm_bytes) / 2**20:.1f} MiB")


def compare_journals(seed: int, _frames: int) -> None:
    """One seed a hundred times and in other processes, many seeds once; SystemExit when a journal differs."""
    expected = journals.journal_of(seed, REQUESTS)
    for run in range(2, RUNS + 1):
        if journals.journal_of(seed, REQUESTS) != expected:
            raise SystemExit(f"run {run} of seed {seed} gave another journal")
    print(f"{RUNS} of {RUNS} runs of seed {seed}: the same {len(expected):,} bytes", flush=True)
    digests = {hash_seed: _digest_elsewhere(seed, hash_seed) for hash_seed in HASH_SEEDS}
    if set(digests.values()) != {journals.digest_of(seed, REQUESTS)}:
        raise SystemExit(f"other processes gave other journals of seed {seed}: {digests}")
    print(f"the same in processes with PYTHONHASHSEED {', '.join(HASH_SEEDS)}", flush=True)
    _compare_seeds(seed)


def _compare_seeds(seed: int) -> None:
    fired: set[str] = set()
    seen: set[bytes] = set()
    for other in range(seed, seed + OTHER_SEEDS):
        farm = journals.run(other, REQUESTS)
        fired |= {rule.fault.kind for rule in farm.faults.rules if rule.fired}
        seen.add(journals.journal_of(other, REQUESTS))
    if len(seen) != OTHER_SEEDS:
        raise SystemExit(f"{OTHER_SEEDS} seeds gave {len(seen)} journals")
    missing = {rule.kind for rule in journals.rules()} - fired
    if missing:
        raise SystemExit(f"never fired: {', '.join(sorted(missing))}")
    print(f"{OTHER_SEEDS} seeds gave {len(seen)} journals, and every kind of fault hit", flush=True)


def resolve_orders(seed: int, _frames: int) -> None:
    """Sales under loss and outages; SystemExit when an order stays open too long, is lost or doubled."""
    outcomes = []
    with EmbeddedPostgres(settings={"fsync": "off", "synchronous_commit": "off"}) as url:
        for number in range(RESOLUTION_RUNS):
            database_url = asyncio.run(_own_database(url, number))
            outcomes.append(resolution.run(database_url, seed + number, RESOLUTION_SALES))
            print(f"seed {seed + number}: {resolution.report(outcomes[-1:])}", flush=True)
    print(resolution.report(outcomes), flush=True)
    for outcome in outcomes:
        if outcome.doubled or set(outcome.states) - {"APPLIED", "VOIDED"}:
            raise SystemExit("orders and meters disagree")
        if outcome.percentile_s(95) > RESOLUTION_P95_S or outcome.percentile_s(99) > RESOLUTION_P99_S:
            raise SystemExit("orders stay open too long")


def compare_losses(seed: int, _frames: int) -> None:
    """Scheduled readings at 10 % loss of each kind; SystemExit when the kinds are more than three points apart."""
    shares = {}
    with EmbeddedPostgres(settings={"fsync": "off", "synchronous_commit": "off"}) as url:
        for number, (kind, fault) in enumerate(losses.KINDS.items()):
            database_url = asyncio.run(_own_database(url, number))
            shares[kind] = losses.run(database_url, fault, seed, LOSS_ROUNDS)
            share = shares[kind]
            print(f"{kind:<19}{share.percent:6.2f} % of {share.slots} readings", flush=True)
    percents = [share.percent for share in shares.values()]
    if max(percents) - min(percents) > LOSS_POINTS_MAX:
        raise SystemExit(f"{max(percents) - min(percents):.2f} points apart, at most {LOSS_POINTS_MAX}")


def check_the_ledger(seed: int, _frames: int) -> None:
    """The ledger's state machine, 2,000 runs of 50 steps; SystemExit when one fails."""
    environment = os.environ | {"LEDGER_EXAMPLES": "2000", "LEDGER_STEPS": "50"}
    command = [sys.executable, "-m", "pytest", "-q", "--timeout=0", f"--hypothesis-seed={seed}"]
    done = subprocess.run([*command, "platform/ledger/test_state_machine.py"], env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"the ledger differs from its model, seed {seed}")


async def _own_database(server_url: str, number: int) -> str:
    connection = await connect(server_url)
    try:
        await connection.execute(f"CREATE DATABASE run_{number}")
    finally:
        await connection.close()
    url = server_url.replace("/postgres?", f"/run_{number}?")
    await migrate.upgrade(url)
    return url


CAMPAIGNS: Mapping[str, Callable[[int, int], None]] = {
    "malformed": send_malformed,
    "journals": compare_journals,
    "resolution": resolve_orders,
    "losses": compare_losses,
    "ledger": check_the_ledger,
}


def _digest_elsewhere(seed: int, hash_seed: str) -> str:
    command = [sys.executable, "-m", "campaigns.journals", str(seed), str(REQUESTS)]
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return told.stdout.strip()


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("campaigns", nargs="*", choices=[[], *CAMPAIGNS], help="which; all unless given")
    parser.add_argument("--seed", type=int, default=1, help="of the first round")
    parser.add_argument("--frames", type=int, default=FRAMES, help="how many malformed ones")
    options = parser.parse_args()
    for name in options.campaigns or CAMPAIGNS:
        print(f"== {name}", flush=True)
        CAMPAIGNS[name](options.seed, options.frames)
    return 0


if __name__ == "__main__":
    sys.exit(main())
