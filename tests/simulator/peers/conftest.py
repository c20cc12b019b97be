"""Finds what the peers need beyond a program."""

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

NODE = Path(__file__).with_name("node")


@pytest.fixture(scope="session")
def node(peer: Callable[[str], str], lacking: Callable[[str], NoReturn]) -> str:
    """The program node, with the packages of the folder `node` in their place."""
    if not (NODE / "node_modules" / "modbus-serial").is_dir():
        lacking("the Node package modbus-serial")
    return peer("node")
