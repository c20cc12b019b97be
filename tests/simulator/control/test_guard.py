"""Access to the control API: foreign `Host` and `Origin` are refused; a host beyond loopback needs the token."""

from typing import Any

import httpx
import pytest

from prewatt_fixtures.site import load_site
from prewatt_simulator.control.serve import controlling
from prewatt_simulator.farm import Farm

pytestmark = pytest.mark.anyio


async def _status(url: str, headers: dict[str, str]) -> tuple[int, str | None]:
    async with httpx.AsyncClient(base_url=url) as client:
        answer = await client.post("/faults/reset", headers=headers)
    return answer.status_code, answer.json().get("key") if answer.content else None


@pytest.fixture
def farm() -> Any:
    return Farm(load_site("tiny"))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "[::1]:80"])
async def test_names_of_this_host_are_served(farm: Any, host: str) -> None:
    async with controlling(farm) as url:
        assert (await _status(url, {"Host": host}))[0] < 400


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "192.0.2.1", "[", ""])
async def test_a_foreign_host_is_refused(farm: Any, host: str) -> None:
    async with controlling(farm) as url:
        assert await _status(url, {"Host": host}) == (403, "Host")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example"])
async def test_a_foreign_web_page_is_refused(farm: Any, origin: str) -> None:
    farm.faults.set_baseline()
    async with controlling(farm) as url:
        assert await _status(url, {"Origin": origin}) == (403, "Origin")


async def test_a_page_of_this_host_is_served(farm: Any) -> None:
    async with controlling(farm) as url:
        assert (await _status(url, {"Origin": "http://localhost:3000"}))[0] < 400


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Basic secret", "secret"])
async def test_without_the_token_a_request_is_401(farm: Any, authorization: str | None) -> None:
    async with controlling(farm, token="secret") as url:
        headers = {} if authorization is None else {"Authorization": authorization}
        assert await _status(url, headers) == (401, "Authorization")
        assert (await _status(url, {"Authorization": "Bearer secret"}))[0] < 400


async def test_beyond_loopback_a_token_is_needed(farm: Any) -> None:
    with pytest.raises(ValueError, match="token"):
        async with controlling(farm, host="192.0.2.1"):
            pass


async def test_no_redirect_repeats_the_host_of_a_request(farm: Any) -> None:
    async with controlling(farm) as url, httpx.AsyncClient(base_url=url) as client:
        for path in ("/faults/", "/meters/", "/openapi.json/", "//faults"):
            answer = await client.get(path, headers={"Host": "localhost:1"})
            assert (answer.status_code, answer.headers.get("location")) == (404, None)
