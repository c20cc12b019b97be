"""Two operators, two projects: neither sees the other's rows through any field that the schema has.

The walk takes every root field, and every type behind `node`, from the schema itself, and fails when one of them has
no probe here. A probe asks the same thing about a row of the other project and about a row that never was: both
answers have to be alike in every byte but the name that was asked for.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from graphql import GraphQLInterfaceType, build_schema

from prewatt_graphql.ids import global_id
from prewatt_graphql.schema import sdl
from prewatt_platform.reconciliation.models import Verification
from prewatt_platform.reconciliation.repository import VerificationRepository

pytestmark = pytest.mark.anyio

SCHEMA = build_schema(sdl())
ROOTS = {
    f"{kind.name}.{field}"
    for kind in (SCHEMA.query_type, SCHEMA.mutation_type, SCHEMA.subscription_type)
    if kind is not None
    for field in kind.fields
}


@dataclass
class Target:
    """Names of one project's rows, or of rows that never were."""

    code: str
    meter: str
    gateway: str
    ids: dict[str, str]


NOBODYS = Target(
    "998",
    "9980010201",
    "998001",
    {
        kind: global_id(
            kind, "998", "998" if kind == "Project" else "998001" if kind == "Gateway" else uuid4()
        )
        for kind in ("Project", "Meter", "Gateway", "Account", "Command", "Sale", "PricePlan")
    },
)

NAMELESS = {"Query.viewer", "Query.projects", "Query.project", "Query.salesPolicy", "Query.proposals",
    "Query.till", "Query.tillClosings", "Query.dayClosing", "Query.verifications",
    "Query.pricePlans", "Query.calendarDays",
}  # fmt: skip
"""Fields that take no name; what they show of project 009 has these digits in it."""

Answer = Callable[[Any, Target], Awaitable[Any]]
PROBES: dict[str, Answer] = {}


def probe(field: str) -> Callable[[Answer], Answer]:
    def keep(answer: Answer) -> Answer:
        PROBES[field] = answer
        return answer

    return keep


def asks(field: str, query: str, **variables: Callable[[Target], Any]) -> None:
    """A probe that is one document."""

    async def answer(client: Any, target: Target) -> Any:
        return await client.ask(query, **{name: make(target) for name, make in variables.items()})

    PROBES[field] = answer


asks("Query.viewer", "{ viewer { id name } }")
asks("Query.projects", "{ projects { id code name role permissions meterCount } }")
asks("Query.project", "{ project { id code name role permissions meterCount } }")
asks(
    "Query.meters",
    """query($area: [String!], $number: String) {
      all: meters(first: 100) { totalCount edges { node { id number account { customer { id } } } } }
      named: meters(filter: {number: $number, area: $area}) { totalCount edges { node { id } } }
    }""",
    number=lambda target: target.meter,
    area=lambda target: ["1号楼"],
)
asks(
    "Query.meter",
    """query($number: String!) { meter(number: $number) { id account { id } gateway { id } reading { at } openOrder { id }
      readings(from: "2020-01-01T00:00:00Z", to: "2120-01-01T00:00:00Z") { times } } }""",
    number=lambda target: target.meter,
)
asks(
    "Query.command",
    "query($id: ID!) { command(id: $id) { id meter { number } } }",
    id=lambda t: t.ids["Command"],
)
asks(
    "Query.accounts",
    """query($filter: AccountFilter!) { accounts(filter: $filter) { totalCount edges { node { id points { meterNumber } } } } }""",
    filter=lambda target: {"meterNumber": target.meter},
)
asks(
    "Query.account",
    "query($id: ID!) { account(id: $id) { id customer { name } points { place } } }",
    id=lambda target: target.ids["Account"],
)
asks(
    "Query.statement",
    """query($account: ID!) { statement(account: $account, from: "2020-01-01T00:00:00Z", to: "2120-01-01T00:00:00Z") {
      opening { amount } movements { document amount { amount } } closing { amount } } }""",
    account=lambda target: target.ids["Account"],
)
asks(
    "Query.reconciliation",
    """query($numbers: [String!]) { reconciliation(meterNumbers: $numbers) { edges { node {
      meterNumber totalPurchasedShown { amount } differences } } } }""",
    numbers=lambda target: [target.meter],
)
asks(
    "Query.sales",
    """query($filter: SaleFilter!) { sales(filter: $filter) { totalCount edges { node { id receiptNumber } }
      totals { count sold { amount } } byOperator { operatorName } } }""",
    filter=lambda target: {"account": target.ids["Account"]},
)
asks(
    "Query.receipt",
    "query($number: String!) { receipt(number: $number) { number checkCode sale { id } copies { copyNumber } } }",
    number=lambda target: f"{target.code}00000001",
)
asks("Query.pricePlans", "{ pricePlans { id name versions { number } } }")
asks(
    "Query.calendarDays",
    '{ calendarDays(from: "2026-01-01", to: "2026-12-31") { day name } }',
)
asks("Query.verifications", "{ verifications { day findings outcomes { first { subject } } } }")
asks("Query.salesPolicy", "{ salesPolicy { saleMax { amount } } }")
asks("Query.till", "{ till { operatorName expected { amount } } }")
asks("Query.tillClosings", "{ tillClosings { operatorName } }")
asks("Query.dayClosing", '{ dayClosing(day: "2026-01-05") { closedBy } }')
asks("Query.proposals", "{ proposals { summary } }")
asks(
    "Query.node", "query($id: ID!) { node(id: $id) { __typename id } }", id=lambda target: target.ids["Meter"]
)


def _id_of(kind: str) -> Callable[[Target], str]:
    return lambda target: target.ids[kind]


for _kind in NOBODYS.ids:
    asks(f"node {_kind}", "query($id: ID!) { node(id: $id) { __typename id } }", id=_id_of(_kind))
asks(
    "Mutation.signIn",
    'mutation($name: String!) { signIn(input: {name: $name, password: "wrong"}) { token projects { code } errors { code } } }',
    name=lambda target: f"administrator-{target.code}",
)
asks(
    "Mutation.accountOpen",
    """mutation($input: AccountOpenInput!) { accountOpen(input: $input) {
      account { id } command { id } errors { code message path } } }""",
    input=lambda t: {"idempotencyKey": str(uuid4()), "meterNumber": t.meter, "customerName": "x"},
)
asks(
    "Mutation.saleCreate",
    "mutation($input: SaleCreateInput!) { saleCreate(input: $input) { sale { id } command { id } errors { code message path } } }",
    input=lambda t: {"idempotencyKey": str(uuid4()), "meterNumber": t.meter, "amount": "1.00"},
)
asks(
    "Mutation.saleCancel",
    "mutation($input: SaleCancelInput!) { saleCancel(input: $input) { sale { id } command { id } errors { code message path } } }",
    input=lambda t: {"idempotencyKey": str(uuid4()), "receiptNumber": f"{t.code}00000001"},
)
asks(
    "Mutation.refundCreate",
    "mutation($input: RefundCreateInput!) { refundCreate(input: $input) { refund { id } command { id } errors { code message path } } }",
    input=lambda t: {
        "idempotencyKey": str(uuid4()),
        "meterNumber": t.meter,
        "amount": "1.00",
        "reason": "moves out",
    },
)
asks(
    "Mutation.saleReverse",
    "mutation($input: SaleReverseInput!) { saleReverse(input: $input) { reversal { id } command { id } errors { code message path } } }",
    input=lambda t: {
        "idempotencyKey": str(uuid4()),
        "receiptNumber": f"{t.code}00000001",
        "reason": "mistyped",
    },
)
asks(
    "Query.charges",
    "query($account: ID!) { charges(account: $account) { owed { amount } charges { charge { document } } } }",
    account=lambda target: target.ids["Account"],
)
asks(
    "Mutation.chargeCreate",
    "mutation($input: ChargeCreateInput!) { chargeCreate(input: $input) { document errors { code message path } } }",
    input=lambda t: {
        "idempotencyKey": str(uuid4()),
        "label": "January",
        "reason": "agreed",
        "rows": [{"meterNumber": t.meter, "amount": "1.00"}],
    },
)
asks(
    "Mutation.chargeReverse",
    "mutation($input: ChargeReverseInput!) { chargeReverse(input: $input) { document errors { code message path } } }",
    input=lambda t: {
        "idempotencyKey": str(uuid4()),
        "document": f"{t.code}F000001",
        "reason": "mistyped",
    },
)
asks(
    "Mutation.shareCreate",
    "mutation($input: ShareCreateInput!) { shareCreate(input: $input) { document errors { code message path } } }",
    input=lambda t: {
        "idempotencyKey": str(uuid4()),
        "label": "lift",
        "total": "1.00",
        "basis": "EQUAL",
        "reason": "agreed",
        "rows": [{"meterNumber": t.meter}],
    },
)
asks(
    "Mutation.grantCreate",
    "mutation($input: GrantCreateInput!) { grantCreate(input: $input) { grants { id } errors { code message path } } }",
    input=lambda t: {
        "idempotencyKey": str(uuid4()),
        "kind": "SUBSIDY",
        "programme": "heat",
        "reason": "agreed",
        "rows": [{"meterNumber": t.meter, "amount": "1.00"}],
    },
)
asks(
    "Mutation.receiptPrint",
    "mutation($input: ReceiptPrintInput!) { receiptPrint(input: $input) { receipt { number } text errors { code message path } } }",
    input=lambda t: {
        "idempotencyKey": str(uuid4()),
        "receiptNumber": f"{t.code}00000001",
        "form": "TEXT_32",
    },
)
asks(
    "Mutation.tillClose",
    "mutation($input: TillCloseInput!) { tillClose(input: $input) { tillClosing { number } errors { code } } }",
    input=lambda _: {"idempotencyKey": str(uuid4()), "counted": "0.00"},
)
asks(
    "Mutation.dayClose",
    "mutation($input: DayCloseInput!) { dayClose(input: $input) { dayClosing { day } errors { code } } }",
    input=lambda _: {"idempotencyKey": str(uuid4()), "day": "2026-01-01"},
)
asks(
    "Mutation.salesPolicySet",
    "mutation($input: SalesPolicySetInput!) { salesPolicySet(input: $input) { salesPolicy { version } errors { code path } } }",
    input=lambda _: {
        "expectedVersion": -1,
        "saleMin": "1.00",
        "saleMax": "2.00",
        "feePercent": "0",
        "feeFixed": "0",
        "reversalDays": 0,
    },
)
asks(
    "Mutation.orderResolve",
    "mutation($input: OrderResolveInput!) { orderResolve(input: $input) { sale { id } command { id } errors { code message path } } }",
    input=lambda t: {
        "idempotencyKey": str(uuid4()),
        "order": t.ids["Command"],
        "delivered": True,
        "reason": "seen",
    },
)
asks(
    "Mutation.meterEpochConfirm",
    "mutation($input: MeterEpochConfirmInput!) { meterEpochConfirm(input: $input) { meter { id } command { id } errors { code message path } } }",
    input=lambda t: {"idempotencyKey": str(uuid4()), "meterNumber": t.meter, "reason": "seen"},
)
asks(
    "Mutation.pricePlanCreate",
    "mutation($input: PricePlanCreateInput!) { pricePlanCreate(input: $input) { pricePlan { versions { number } } errors { code message path } } }",
    input=lambda _: {
        "idempotencyKey": str(uuid4()),
        "name": str(uuid4()),
        "terms": {"prices": [["0.5"]]},
    },
)
asks(
    "Mutation.pricePlanVersionAdd",
    "mutation($input: PricePlanVersionAddInput!) { pricePlanVersionAdd(input: $input) { pricePlan { id } errors { code message path } } }",
    input=lambda t: {
        "idempotencyKey": str(uuid4()),
        "plan": t.ids["PricePlan"],
        "terms": {"prices": [["0.5"]]},
    },
)
asks(
    "Mutation.pricePlanAssign",
    "mutation($input: PricePlanAssignInput!) { pricePlanAssign(input: $input) { pricePlan { id } errors { code message path } } }",
    input=lambda t: {"idempotencyKey": str(uuid4()), "plan": t.ids["PricePlan"]},
)
asks(
    "Mutation.pricePlanDownload",
    "mutation($input: PricePlanDownloadInput!) { pricePlanDownload(input: $input) { command { id } errors { code message path } } }",
    input=lambda t: {"idempotencyKey": str(uuid4()), "meterNumber": t.meter},
)
asks(
    "Mutation.calendarDaysSet",
    "mutation($input: CalendarDaysSetInput!) { calendarDaysSet(input: $input) { calendarDays { day } errors { code message path } } }",
    input=lambda _: {"days": []},
)
asks(
    "Mutation.controlModeSet",
    "mutation($input: ControlModeSetInput!) { controlModeSet(input: $input) { command { id } errors { code message path } } }",
    input=lambda t: {"idempotencyKey": str(uuid4()), "meterNumber": t.meter, "mode": "FORCED_OFF"},
)
asks(
    "Mutation.meterRefresh",
    "mutation($input: MeterRefreshInput!) { meterRefresh(input: $input) { command { id } errors { code message path } } }",
    input=lambda target: {"meterNumber": target.meter},
)
asks(
    "Mutation.readingIntervalSet",
    "mutation($input: ReadingIntervalSetInput!) { readingIntervalSet(input: $input) { meter { id } errors { code message path } } }",
    input=lambda target: {"meterNumber": target.meter, "minutes": 7},
)


@probe("Mutation.signOut")
async def _sign_out(client: Any, target: Target) -> Any:
    """A session of one's own ends, in whatever project it was used."""
    name = {"name": client.name, "password": "correct horse"}
    signed_in = await client.ask(
        "mutation($name: String!, $password: String!) { signIn(input: {name: $name, password: $password}) { token } }",
        **name,
    )
    bearer = {"Authorization": f"Bearer {signed_in['data']['signIn']['token']}", "X-Project": target.code}
    answer = await client.post(json={"query": "mutation { signOut { errors { code } } }"}, headers=bearer)
    return answer.json()


async def _first_message(client: Any, query: str, **variables: Any) -> Any:
    async with client.socket() as socket:
        await socket.subscribe(query, **variables)
        return await socket.receive()


@probe("Subscription.commandProgress")
async def _command_progress(client: Any, target: Target) -> Any:
    query = "subscription($id: ID!) { commandProgress(id: $id) { id state } }"
    return await _first_message(client, query, id=target.ids["Command"])


@probe("Subscription.readingAdded")
async def _reading_added(client: Any, target: Target) -> Any:
    query = "subscription($meters: [String!]!) { readingAdded(meters: $meters) { meterNumber } }"
    return await _first_message(client, query, meters=[target.meter])


@dataclass
class Two:
    """Two projects with one operator each."""

    mine: Any
    """The operator of project 000."""
    theirs: Any
    """The operator of project 009."""
    target: Target
    """Rows of project 009."""
    live: Any


@pytest.fixture(scope="module")
async def two(open_shared_deployment: Any, open_shared_api: Any, client_of: Any) -> Two:
    """Project 000, and project 009 with a meter that has an account, a reading, a sale and commands."""
    deployment = await open_shared_deployment("tiny", work="all")
    other = await open_shared_deployment("tiny", code="009")
    from prewatt_platform.operators.models import Role

    await deployment.read()
    await other.read()
    live = await open_shared_api(deployment)
    mine = client_of(live, await deployment.operator("administrator-000", Role.ADMINISTRATOR), "000")
    theirs = client_of(live, await other.operator("administrator-009", Role.ADMINISTRATOR), "009")
    mine.name, theirs.name = "administrator-000", "administrator-009"
    meter = "0090010201"
    sold = (
        await theirs.data(
            "mutation($input: SaleCreateInput!) { saleCreate(input: $input) { sale { id } command { id } } }",
            input={"idempotencyKey": str(uuid4()), "meterNumber": meter, "amount": "1.00"},
        )
    )["saleCreate"]
    await theirs.data(
        "mutation($input: SalesPolicySetInput!) { salesPolicySet(input: $input) { errors { code } } }",
        input={
            "expectedVersion": 0,
            "saleMin": "0.01",
            "saleMax": "50009.00",
            "feePercent": "0",
            "feeFixed": "0",
            "reversalDays": 0,
            "secondPersonAbove": "0",
        },
    )
    proposed = await theirs.data(
        "mutation($input: RefundCreateInput!) { refundCreate(input: $input) { proposed errors { code message } } }",
        input={
            "idempotencyKey": str(uuid4()),
            "meterNumber": "0090010203",
            "amount": "1.00",
            "reason": "moves out",
        },
    )
    assert proposed["refundCreate"] == {"proposed": True, "errors": []}
    for day in ("2026-01-05", None):
        await theirs.data(
            "mutation($input: TillCloseInput!) { tillClose(input: $input) { errors { code } } }",
            input={"idempotencyKey": str(uuid4()), "counted": "1.00", "reason": "counted"},
        )
        if day is not None:
            await theirs.data(
                "mutation($input: DayCloseInput!) { dayClose(input: $input) { errors { code } } }",
                input={"idempotencyKey": str(uuid4()), "day": day},
            )
            await theirs.data(
                "mutation($input: SaleCreateInput!) { saleCreate(input: $input) { sale { id } } }",
                input={"idempotencyKey": str(uuid4()), "meterNumber": "009001010A", "amount": "1.00"},
            )
    found = await theirs.data(
        "query($number: String!) { project { id } meter(number: $number) { id account { id } gateway { id } } }",
        number=meter,
    )
    ids = {
        "Project": found["project"]["id"],
        "Meter": found["meter"]["id"],
        "Gateway": found["meter"]["gateway"]["id"],
        "Account": found["meter"]["account"]["id"],
        "Command": sold["command"]["id"],
        "Sale": sold["sale"]["id"],
    }
    planned = await theirs.data(
        "mutation($input: PricePlanCreateInput!) { pricePlanCreate(input: $input) { pricePlan { id } } }",
        input={"idempotencyKey": str(uuid4()), "name": "plan 009", "terms": {"prices": [["0.5"]]}},
    )
    ids["PricePlan"] = planned["pricePlanCreate"]["pricePlan"]["id"]
    await theirs.data(
        "mutation($input: CalendarDaysSetInput!) { calendarDaysSet(input: $input) { errors { code } } }",
        input={"days": [{"day": "2026-05-01", "dayType": "HOLIDAY", "name": "day 009"}]},
    )
    async with other.database.project(other.scope) as work:
        night = Verification(
            project_id=work.project_id,
            day=date(2026, 1, 5),
            id=work.new_id(),
            at=work.clock.now(),
            findings=1009,
            outcomes=[],
        )
        await VerificationRepository(work).add(night)
    return Two(mine, theirs, Target("009", meter, "009001", ids), live)


def alike(answer: Any, target: Target) -> str:
    """An answer without what differs in any case: the names that were asked for, request ids."""
    text = json.dumps(answer, sort_keys=True, ensure_ascii=False)
    for name in (target.meter, target.gateway, target.code, *target.ids.values()):
        text = text.replace(f'"{name}"', '"?"').replace(f" {name}", " ?")
    without: Any = json.loads(
        text, object_hook=lambda found: {k: v for k, v in found.items() if k != "requestId"}
    )
    return json.dumps(without, sort_keys=True, ensure_ascii=False)


def test_every_root_field_has_a_probe() -> None:
    assert ROOTS - PROBES.keys() == set()


def test_every_type_behind_node_has_a_probe() -> None:
    node = SCHEMA.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    kinds = {kind.name for kind in SCHEMA.get_possible_types(node)}
    assert kinds == {name.removeprefix("node ") for name in PROBES if name.startswith("node ")}


@pytest.mark.parametrize("field", sorted(PROBES))
async def test_foreign_rows_behave_like_missing_rows(two: Two, field: str) -> None:
    theirs, nobodys = await PROBES[field](two.mine, two.target), await PROBES[field](two.mine, NOBODYS)
    assert alike(theirs, two.target) == alike(nobodys, NOBODYS)
    assert "009" not in alike(theirs, two.target)


@pytest.mark.parametrize("field", sorted(name for name in PROBES if name.startswith("node ")))
async def test_a_foreign_id_resolves_to_null(two: Two, field: str) -> None:
    assert await PROBES[field](two.mine, two.target) == {"data": {"node": None}}


@pytest.mark.parametrize(
    "field",
    sorted(
        name for name in PROBES if name.split(".")[0] in {"Query", "Subscription"} or name.startswith("node")
    ),
)
async def test_the_own_operator_gets_a_different_answer(two: Two, field: str) -> None:
    """A probe that finds nothing for its owner either proves nothing."""
    theirs = (
        await PROBES[field](two.theirs, two.target) if field != "Subscription.readingAdded" else "a message"
    )
    nobodys = await PROBES[field](two.theirs, NOBODYS) if field != "Subscription.readingAdded" else "an error"
    if field not in NAMELESS:
        assert alike(theirs, two.target) != alike(nobodys, NOBODYS)
    else:
        assert "009" in json.dumps(theirs)


async def test_naming_the_other_project_is_like_naming_none(two: Two) -> None:
    for field in sorted(PROBES):
        if not field.startswith("Query") or field in {"Query.viewer", "Query.projects"}:
            continue
        project, two.mine.project = two.mine.project, "009"
        try:
            answer = await PROBES[field](two.mine, two.target)
        finally:
            two.mine.project = project
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"PROJECT_REQUIRED"}, field
        assert not any((answer["data"] or {}).values())


async def test_an_idempotency_key_used_in_another_project_is_free_here(two: Two) -> None:
    """Idempotency keys are counted within a project."""
    key = str(uuid4())
    query = "mutation($input: ControlModeSetInput!) { controlModeSet(input: $input) { replayed errors { code } } }"
    for client, number in ((two.theirs, "0090010202"), (two.mine, "0000010202")):
        wish = {"idempotencyKey": key, "meterNumber": number, "mode": "PREPAID"}
        payload = (await client.data(query, input=wish))["controlModeSet"]
        assert payload == {"replayed": False, "errors": []}


async def test_subscriptions_get_events_of_their_own_project_only(two: Two) -> None:
    listen = "subscription($meters: [String!]!) { readingAdded(meters: $meters) { meterNumber } }"
    refresh = "mutation($number: String!) { meterRefresh(input: {meterNumber: $number}) { command { id } errors { code } } }"
    backbone, key = two.live.deployment.platform.backbone, (two.live.deployment.scope.project_id, "reading")

    async def listened_to() -> bool:
        return bool(backbone._queues.get(key))

    async with two.mine.socket() as socket:
        await socket.subscribe(listen, meters=["0000010203"])
        await two.live.deployment.until(listened_to)
        for client, number in ((two.theirs, "0090010203"), (two.mine, "0000010203")):
            command = (await client.data(refresh, number=number))["meterRefresh"]["command"]["id"]
            await _ended(two, client, command)
        message = await socket.receive()
        assert message["payload"]["data"]["readingAdded"] == {"meterNumber": "0000010203"}


async def _ended(two: Two, client: Any, command: str) -> None:
    async def final() -> bool:
        found = await client.data("query($id: ID!) { command(id: $id) { final } }", id=command)
        return bool(found["command"]["final"])

    await two.live.deployment.until(final)
