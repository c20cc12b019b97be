"""Generates site files of any size: the mix of a real college, with values from a seed.

The mix is that of the site `mingde` (100 ADW300/CLR, 43 DTSD1352-C, 34 DTSY1352-NK/F, 85 DDSY1352-NK/F), with 30 meters
per bus and 8 buses per gateway. The same number and seed give the same text.
"""

import random
from collections.abc import Iterator

PROJECT = "900"
BUS_METERS = 30
GATEWAY_PORTS = 8
METERS_MAX = 999 * GATEWAY_PORTS * BUS_METERS
"""Bounded by the three digits of a gateway's number within its project."""

_MIX = {"ADW300/CLR": 100, "DTSD1352-C": 43, "DTSY1352-NK/F": 34, "DDSY1352-NK/F": 85}
_PREPAID = {"DTSY1352-NK/F", "DDSY1352-NK/F"}
_SHAPES = ("flat", "dormitory", "shop", "bakery", "lift", "lighting")
_OPENED_SHARE = 0.7
_PRICE_E4 = 7500


def site_text(meters: int, seed: int) -> str:
    """A site file with that many meters. Raises `ValueError` when a project has no room for them."""
    if not 1 <= meters <= METERS_MAX:
        raise ValueError(f"1 to {METERS_MAX} meters fit into one project, not {meters}")
    rng = random.Random(f"site/{meters}/{seed}")
    models = _models(meters, rng)
    parts = [
        f"# {meters} meters of mingde's mix, seed {seed}. All invented.\n",
        f'[project]\ncode = "{PROJECT}"\nname = "{meters} meters"\n',
        *_gateways(meters),
        *(_meter(index, model, rng) for index, model in enumerate(models)),
    ]
    return "\n".join(parts)


def _models(meters: int, rng: random.Random) -> list[str]:
    whole = sum(_MIX.values())
    # whole shares first, then chance for the few meters that rounding leaves
    models = [model for model, share in _MIX.items() for _ in range(meters * share // whole)]
    models += rng.choices(list(_MIX), list(_MIX.values()), k=meters - len(models))
    rng.shuffle(models)
    return models


def _place(index: int) -> tuple[int, int, int]:
    """Gateway, port and bus address of meter `index`, each from 1."""
    bus, address = divmod(index, BUS_METERS)
    gateway, port = divmod(bus, GATEWAY_PORTS)
    return gateway + 1, port + 1, address + 1


def _gateways(meters: int) -> Iterator[str]:
    gateways, ports_of_last, _ = _place(meters - 1)
    for gateway in range(1, gateways + 1):
        last = ports_of_last if gateway == gateways else GATEWAY_PORTS
        ports = ", ".join(f"{{ port = {port} }}" for port in range(1, last + 1))
        yield f'[[gateways]]\nnumber = "{PROJECT}{gateway:03}"\nports = [{ports}]\n'


def _meter(index: int, model: str, rng: random.Random) -> str:
    gateway, port, address = _place(index)
    prepaid = model in _PREPAID
    ct = 1 if prepaid else rng.choice((1, 20, 40))
    base_kwh, used_kwh = rng.randrange(100) * ct, rng.randrange(40, 2000) * ct
    start = f'energy = "{base_kwh + used_kwh}.00"'
    if prepaid and rng.random() < _OPENED_SHARE:
        start += _credit(used_kwh, rng)
    return (
        f'[[meters]]\nnumber = "{PROJECT}{gateway:03}{port:02X}{address:02X}"\nmodel = "{model}"\n'
        f'place = "{index + 1}"\narea = ["gateway {gateway}", "port {port}"]\nct = {ct}\n'
        f'start = {{ {start} }}\nbase = "{base_kwh}.00"\n'
        f'load = {{ shape = "{rng.choice(_SHAPES)}", kwh_per_day = "{rng.randrange(2, 40) * ct}.00" }}\n'
        f"prices = {{ {', '.join(f'{rate} = {_yuan(_PRICE_E4, 4)}' for rate in ('sharp', 'peak', 'flat', 'valley'))} }}\n"
    )


def _credit(used_kwh: int, rng: random.Random) -> str:
    """Start values of an opened meter: purchased = used + remaining."""
    used_fen = used_kwh * _PRICE_E4 // 100
    remaining_fen = rng.randrange(100, 50_000)
    return (
        f", remaining = {_yuan(remaining_fen, 2)}, purchase_count = {rng.randrange(1, 30)}"
        f", total_purchased = {_yuan(used_fen + remaining_fen, 2)}"
    )


def _yuan(amount: int, decimals: int) -> str:
    whole, rest = divmod(amount, 10**decimals)
    return f'"{whole}.{rest:0{decimals}}"'
