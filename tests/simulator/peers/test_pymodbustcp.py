"""pyModbusTCP reads every device and distinguishes the exceptions."""

import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from pyModbusTCP.client import ModbusClient  # type: ignore[import-untyped]  # it ships none

from prewatt_fixtures.wire.pdu import READ_DISCRETE, READ_HOLDING, READ_INPUT


@pytest.fixture
def client(bench_of: Any) -> Iterator[Any]:
    bus = bench_of("tcp").bus
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        client = ModbusClient(bus.host, bus.tcp, timeout=5)
        try:
            yield client
        finally:
            client.close()


def test_it_reads_every_device(bench_of: Any, client: Any, model: str) -> None:
    bench = bench_of("tcp")
    client.unit_id = bench.unit(model)
    reads = {
        READ_DISCRETE: client.read_discrete_inputs,
        READ_HOLDING: client.read_holding_registers,
        READ_INPUT: client.read_input_registers,
    }
    found = {asked: reads[asked.code](asked.address, asked.size) for asked in bench.ranges(model)}
    bench.check(model, found)


def test_refusals_have_their_exception_codes(bench_of: Any, client: Any) -> None:
    client.unit_id = bench_of("tcp").unit("DTSD1352-C")
    assert client.read_holding_registers(0x7000, 1) is None
    assert client.last_except == 2
