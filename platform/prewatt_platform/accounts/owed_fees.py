"""What an account still owes of the fees that were charged to it."""

from uuid import UUID

from prewatt_platform.accounts.posting import owed
from prewatt_platform.accounts.repository import OrderRepository
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.ledger.repository import LedgerRepository


async def owed_fen(work: Work, account_id: UUID) -> int:
    """Fees that the account owes, less those that orders under way settle; 0 or more. Locks the balance.

    Orders under way count as if they ended with the least owed, so that two sales at once never settle a fee twice. The
    lock comes before the receipt counter's, here and wherever an order with owed fees is placed.
    """
    balance_fen = await LedgerRepository(work).locked_balance_fen(owed(account_id))
    return max(0, -balance_fen - await OrderRepository(work).owed_under_way(account_id))
