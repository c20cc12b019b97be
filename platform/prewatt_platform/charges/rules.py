"""Pure rule of charged fees: which charges are settled by what was paid."""

from collections.abc import Sequence


def settled(amounts_fen: Sequence[int], paid_fen: int) -> list[int]:
    """How much of each charge is settled, the first first. `paid_fen`: all that was paid of them."""
    found = []
    for amount_fen in amounts_fen:
        part_fen = min(amount_fen, max(0, paid_fen))
        found.append(part_fen)
        paid_fen -= part_fen
    return found
