"""The command palette: every action that works just now, in the order of the bindings, so that none that changes a meter
comes first.
"""

from collections.abc import Coroutine
from functools import partial
from typing import Any

from textual.command import DiscoveryHit, Hit, Hits, Provider

from prewatt_tui.keys import active_keys

MENTIONED = 0.1
"""The score of an action whose explanation holds what is looked for: below every name that fits."""


class ActionsProvider(Provider):
    """Offers the bindings of the screen below, then those of the app."""

    async def discover(self) -> Hits:
        for name, does, run in self._actions():
            yield DiscoveryHit(name, run, help=does)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for name, does, run in self._actions():
            score = matcher.match(name) or (MENTIONED if query.casefold() in does.casefold() else 0.0)
            if score > 0:
                yield Hit(score, matcher.highlight(name), run, help=does)

    def _actions(self) -> list[tuple[str, str, partial[Coroutine[Any, Any, bool]]]]:
        return [
            (
                active.binding.description,
                active.binding.tooltip,
                partial(self.app.run_action, active.binding.action, active.node),
            )
            for active in active_keys(self.screen.active_bindings.values())
        ]
