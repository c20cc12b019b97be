"""Limits of one request."""

from collections.abc import Mapping
from typing import Final

DEPTH_MAX: Final = 10
ALIASES_MAX: Final = 15
TOKENS_MAX: Final = 1000
NODES_MAX: Final = 5000
BODY_BYTES_MAX: Final = 256 * 1024
EXECUTION_S_MAX: Final = 10.0
SUBSCRIPTIONS_PER_SOCKET_MAX: Final = 10
CONNECTION_INIT_S_MAX: Final = 5.0
PAGE_MAX: Final = 100
PAGE_DEFAULT: Final = 50
POINTS_MAX: Final = 5000
METERS_LISTENED_MAX: Final = 250

POINTS_PER_NODE: Final = 10
"""Points of a series count as one node per ten: ten values in a column cost about what one object costs."""

CALLS_MAX: Final[Mapping[str, int]] = {
    "Mutation.signIn": 1,
    "Mutation.saleCreate": 1,
    "Mutation.controlModeSet": 1,
    "Mutation.meterRefresh": 1,
    "Query.node": 5,
}
"""How often a field may occur in a document, counted over aliases, fragments and operations."""
