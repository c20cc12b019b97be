"""The schema: all nouns together, limits before an operation, error masking after it.

`ApiSchema` is the one gate through which every result leaves, over HTTP and over WebSocket; what it does not let
through as it is (`errors.report`) is masked. Subscriptions run over WebSocket, everything else over HTTP.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, suppress
from functools import lru_cache
from typing import Any, cast

import strawberry
from graphql import GraphQLError, parse
from strawberry.extensions import DisableIntrospection, SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.graphql import OperationType

from prewatt_graphql.accounts.accounts_list import AccountQueries
from prewatt_graphql.accounts.mutations import AccountMutations
from prewatt_graphql.accounts.policy import PolicyMutations, PolicyQueries
from prewatt_graphql.accounts.refunds import RefundMutations
from prewatt_graphql.accounts.resolutions import ResolutionMutations
from prewatt_graphql.accounts.sales import SalesMutations
from prewatt_graphql.accounts.sales_list import SalesQueries
from prewatt_graphql.accounts.statements import StatementQueries
from prewatt_graphql.charges.mutations import ChargeMutations
from prewatt_graphql.charges.queries import ChargeQueries
from prewatt_graphql.commands.mutations import CommandMutations
from prewatt_graphql.commands.proposals import ProposalQueries
from prewatt_graphql.commands.queries import CommandQueries
from prewatt_graphql.commands.subscriptions import CommandSubscriptions
from prewatt_graphql.context import Context
from prewatt_graphql.errors import LimitExceeded, Problem, report
from prewatt_graphql.grants.mutations import GrantMutations
from prewatt_graphql.limit_values import EXECUTION_S_MAX
from prewatt_graphql.limits import DocumentLimits
from prewatt_graphql.meters.mutations import MeterMutations
from prewatt_graphql.meters.queries import MeterQueries
from prewatt_graphql.node_resolver import NodeQueries
from prewatt_graphql.permissions import guard
from prewatt_graphql.projects.queries import ProjectQueries
from prewatt_graphql.readings.subscriptions import ReadingSubscriptions
from prewatt_graphql.receipts.mutations import ReceiptMutations
from prewatt_graphql.receipts.queries import ReceiptQueries
from prewatt_graphql.reconciliation.queries import ReconciliationQueries
from prewatt_graphql.refusals import record_missing_permissions
from prewatt_graphql.scalars import SCALARS
from prewatt_graphql.storable_text import StorableText
from prewatt_graphql.tariffs.mutations import TariffMutations
from prewatt_graphql.tariffs.queries import TariffQueries
from prewatt_graphql.tills.mutations import TillMutations
from prewatt_graphql.tills.queries import TillQueries
from prewatt_graphql.viewer.mutations import ViewerMutations
from prewatt_graphql.viewer.queries import ViewerQueries

# requests share the parsed documents, which graphql-core does not change; 128 bounds their memory
_parse = lru_cache(128)(parse)


@strawberry.type(description="Queries. They change nothing.")
class Query(
    ViewerQueries,
    ProjectQueries,
    MeterQueries,
    CommandQueries,
    StatementQueries,
    ReconciliationQueries,
    SalesQueries,
    ReceiptQueries,
    ChargeQueries,
    TillQueries,
    AccountQueries,
    TariffQueries,
    PolicyQueries,
    ProposalQueries,
    NodeQueries,
):
    """All nouns' queries."""


@strawberry.type(description="Mutations. A document holds one mutation field.")
class Mutation(
    ViewerMutations,
    AccountMutations,
    SalesMutations,
    RefundMutations,
    ReceiptMutations,
    GrantMutations,
    ChargeMutations,
    TillMutations,
    TariffMutations,
    PolicyMutations,
    ResolutionMutations,
    CommandMutations,
    MeterMutations,
):
    """All nouns' mutations."""


@strawberry.type(description="Subscriptions, over WebSocket (`graphql-transport-ws`) only.")
class Subscription(CommandSubscriptions, ReadingSubscriptions):
    """All nouns' subscriptions."""


class DocumentCache(SchemaExtension):
    """Caches parsed documents. A document with a syntax error is left to strawberry, which reports it."""

    def on_parse(self) -> Iterator[None]:
        context = self.execution_context
        with suppress(GraphQLError):
            context.graphql_document = _parse(context.query or "", **context.parse_options)
        yield


class ApiSchema(strawberry.Schema):
    """The schema with its gate."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """No-op: `errors.report` logs errors with the request id."""

    async def execute(self, *args: Any, **kwargs: Any) -> ExecutionResult:
        """Run a query or mutation within `EXECUTION_S_MAX`; at the deadline its transaction is rolled back."""
        context: Context = kwargs["context_value"]
        kwargs["allowed_operation_types"] = {OperationType.QUERY, OperationType.MUTATION}
        try:
            async with asyncio.timeout(EXECUTION_S_MAX):
                result = await super().execute(*args, **kwargs)
        except TimeoutError:
            late = LimitExceeded(f"an operation may take {EXECUTION_S_MAX:.0f} s")
            result = ExecutionResult(data=None, errors=[GraphQLError(str(late), original_error=late)])
        await record_missing_permissions(context, result.errors, kwargs.get("variable_values"))
        context.metrics.add("prewatt_operations_total", transport="http")
        return _reported(result, context)

    async def stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[ExecutionResult, None]:
        """Run a subscription; it ends with its connection's credential (`socket`)."""
        context: Context = kwargs["context_value"]
        kwargs["allowed_operation_types"] = {OperationType.SUBSCRIPTION}
        results = cast("AsyncGenerator[ExecutionResult, None]", await super().stream(*args, **kwargs))
        context.metrics.add("prewatt_operations_total", transport="websocket")
        return _all_reported(results, context, kwargs.get("variable_values"))


async def _all_reported(
    results: AsyncGenerator[ExecutionResult, None], context: Context, variables: Mapping[str, Any] | None
) -> AsyncGenerator[ExecutionResult, None]:
    # closes the resolver's generator, and with it the event queue, when the client unsubscribes
    async with aclosing(results):
        async for result in results:
            await record_missing_permissions(context, result.errors, variables)
            yield _reported(result, context)


def _reported(result: ExecutionResult, context: Context) -> ExecutionResult:
    if result.errors:
        result.errors = [report(error, context.request_id) for error in result.errors]
        for error in result.errors:
            context.metrics.add("prewatt_errors_total", code=str((error.extensions or {})["code"]))
    return result


def build_schema(*, introspection: bool = False) -> ApiSchema:
    """The schema with its limits and permissions; `introspection` allows introspection queries."""
    extensions: list[Callable[[], SchemaExtension]] = [DocumentCache, DocumentLimits, StorableText]
    if not introspection:
        extensions.append(DisableIntrospection)
    schema = ApiSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Problem],
        extensions=extensions,
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    guard(schema._schema)
    return schema


def sdl() -> str:
    """The schema in the schema definition language, as it is committed."""
    return build_schema().as_str() + "\n"
