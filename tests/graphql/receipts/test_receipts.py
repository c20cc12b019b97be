"""Receipts over the API and by command: copies are counted, marked and audited; a repeated key gives the same copy."""

import asyncio
import base64
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from prewatt_fixtures.cli import main
from prewatt_platform.kernel.audit import AuditEvent
from prewatt_platform.operators.models import Role

pytestmark = pytest.mark.anyio

SELL = """mutation($input: SaleCreateInput!) { saleCreate(input: $input) {
  sale { receiptNumber } command { id } errors { code } } }"""
PRINT = """mutation($input: ReceiptPrintInput!) { receiptPrint(input: $input) {
  receipt { number copies { copyNumber operatorName form language } } copyNumber reprint text pdf missingCharacters
  replayed errors { code path } } }"""
RECEIPT = """query($number: String!) { receipt(number: $number) {
  number checkCode qrText sale { kind amount { amount } } copies { copyNumber } } }"""


def wish(number: str, form: str, **other: Any) -> dict[str, Any]:
    return {"idempotencyKey": str(uuid4()), "receiptNumber": number, "form": form, **other}


async def test_printed_and_printed_again(own_stack: Any, tmp_path: Path) -> None:
    stack = await own_stack(work="api")
    cashier, viewer = await stack.client(Role.CASHIER), await stack.client(Role.VIEWER)
    sale = {"idempotencyKey": str(uuid4()), "meterNumber": "0000010201", "amount": "50.00"}
    number = (await cashier.data(SELL, input=sale))["saleCreate"]["sale"]["receiptNumber"]
    shown = (await cashier.data(RECEIPT, number=number))["receipt"]
    assert (shown["number"], shown["copies"]) == ("00000000001", [])
    assert shown["qrText"].endswith(shown["checkCode"])
    assert (await cashier.data(RECEIPT, number="00000000002"))["receipt"] is None
    assert await viewer.code(PRINT, input=wish(number, "PDF")) == "FORBIDDEN"

    first = wish(number, "TEXT_32")
    printed = (await cashier.data(PRINT, input=first))["receiptPrint"]
    assert (printed["copyNumber"], printed["reprint"], printed["replayed"]) == (1, False, False)
    assert "补打" not in printed["text"]
    # a time-out: the same copy, not a reprint
    again = (await cashier.data(PRINT, input=first))["receiptPrint"]
    assert (again["text"], again["replayed"]) == (printed["text"], True)
    second = (await cashier.data(PRINT, input=wish(number, "PDF", language="ENGLISH")))["receiptPrint"]
    assert (second["copyNumber"], second["reprint"], second["text"]) == (2, True, None)
    assert base64.b64decode(second["pdf"]).startswith(b"%PDF")
    assert second["missingCharacters"] == []
    assert second["receipt"]["copies"] == [
        {"copyNumber": 1, "operatorName": "cashier-000", "form": "TEXT_32", "language": "CHINESE"},
        {"copyNumber": 2, "operatorName": "cashier-000", "form": "PDF", "language": "ENGLISH"},
    ]
    for changed, error in (
        ({**first, "form": "PDF"}, ("IDEMPOTENCY_MISMATCH", ["input", "idempotencyKey"])),
        (wish("00000000009", "PDF"), ("NOT_FOUND", ["input", "receiptNumber"])),
    ):
        payload = (await cashier.data(PRINT, input=changed))["receiptPrint"]
        assert [(each["code"], each["path"]) for each in payload["errors"]] == [error]

    await _by_command(stack, number, tmp_path)
    async with stack.deployment.database.project(stack.deployment.scope) as work:
        events = [
            (each.action, each.actor_name, each.detail["copy"])
            for each in (await work.session.execute(AuditEvent.__table__.select())).all()  # type: ignore[attr-defined]  # SQLModel's
            if each.action.startswith("receipt ")
        ]
    assert sorted(events, key=lambda event: event[2]) == [
        ("receipt printed", "cashier-000", 1),
        ("receipt reprinted", "cashier-000", 2),
        ("receipt reprinted", "platform", 3),
        ("receipt reprinted", "platform", 4),
        ("receipt reprinted", "platform", 5),
    ]


async def _by_command(stack: Any, number: str, folder: Path) -> None:
    """`prewatt receipt`: copies 3 and 4, and what it refuses."""

    async def prewatt(*arguments: str) -> Any:
        url = stack.deployment.database.url.replace("+asyncpg", "")
        return await asyncio.to_thread(
            CliRunner().invoke, main, ["receipt", *arguments], env={"PREWATT_DATABASE_URL": url}
        )

    text = await prewatt(number, "--language", "english")
    assert text.exit_code == 0, text.output
    assert "*** COPY 3 ***" in text.stdout
    file = folder / "receipt.pdf"
    written = await prewatt(number, "--pdf", str(file))
    assert written.stdout == f"receipt {number}, copy 4: {file}\n"
    assert file.read_bytes().startswith(b"%PDF")
    for arguments, reason in (
        ((number, "--pdf", str(file), "--text", "32"), "--text and --pdf exclude each other"),
        (("00000000009",), "no receipt 00000000009"),
        (("99900000001",), "no receipt 99900000001"),
        ((number, "--pdf", str(folder)), "Is a directory"),
    ):
        refused = await prewatt(*arguments)
        assert refused.exit_code == 2
        assert reason in refused.stderr
