"""GraphQL operations of the demo."""

from typing import Final

SIGN_IN: Final = """
mutation SignIn($input: SignInInput!) {
  signIn(input: $input) { token errors { code message } }
}
"""

HEARD: Final = """
query Heard($after: String) {
  meters(first: 100, after: $after) {
    edges { node { number lastHeardAt } }
    pageInfo { hasNextPage endCursor }
  }
}
"""

METERS: Final = """
query Meters($after: String) {
  meters(first: 100, after: $after) {
    edges { node { number accountState account { customer { name } } reading {
      at energyTotal energySharp energyPeak energyFlat energyValley power
      remaining { amount } purchaseCount totalPurchased { amount } relay
    } } }
    pageInfo { hasNextPage endCursor }
  }
}
"""

CONTROL: Final = """
query Control($number: String!) {
  meter(number: $number) { controlModeObserved relay }
}
"""

COMMAND: Final = """
query Command($id: ID!) {
  command(id: $id) { id state final detail sale { receiptNumber } }
}
"""

REFRESH: Final = """
mutation Refresh($input: MeterRefreshInput!) {
  meterRefresh(input: $input) { command { id } errors { code message } }
}
"""

OPEN_ACCOUNT: Final = """
mutation OpenAccount($input: AccountOpenInput!) {
  accountOpen(input: $input) { command { id } errors { code message } }
}
"""

SELL: Final = """
mutation Sell($input: SaleCreateInput!) {
  saleCreate(input: $input) { command { id } errors { code message } }
}
"""

SET_CONTROL_MODE: Final = """
mutation SetControlMode($input: ControlModeSetInput!) {
  controlModeSet(input: $input) { command { id } errors { code message } }
}
"""

REFUND: Final = """
mutation Refund($input: RefundCreateInput!) {
  refundCreate(input: $input) { command { id } errors { code message } }
}
"""

STATEMENT_ACCOUNT: Final = """
query StatementAccount($number: String!) {
  meter(number: $number) { account { id } }
}
"""

STATEMENT: Final = """
query Statement($account: ID!, $from: DateTime!, $to: DateTime!) {
  statement(account: $account, from: $from, to: $to) {
    opening { amount }
    movements { kind document amount { amount } balanceAfter { amount } }
    closing { amount }
  }
}
"""
