import aiohttp
import pytest
from structlog.testing import capture_logs

from ami_bridge import errors
from ami_bridge.errors import BridgeError
from ami_bridge.web.problem import STATUS
from tests.web.conftest import House


def all_errors(base: type[BridgeError] = BridgeError) -> set[type[BridgeError]]:
    return {base}.union(*(all_errors(kind) for kind in base.__subclasses__()))


def test_every_error_has_a_status() -> None:
    assert {kind.code for kind in all_errors() if kind.__module__ == errors.__name__} <= set(STATUS)


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [("busy", 409, "busy"), ("often", 429, "rate_limited"), ("away", 503, "unavailable"), ("who", 401, "unauthorised")],
)
async def test_an_expected_error_is_a_problem_document_with_its_code(
    house: House, how: str, status: int, code: str
) -> None:
    async with house.session.get(f"/api/v1/fail/{how}") as got:
        assert (got.status, got.content_type) == (status, "application/problem+json")
        problem = await got.json(content_type=None)
    assert (problem["code"], problem["status"]) == (code, status)
    assert problem.get("retry", False) is (how in {"often", "away"})


async def test_who_asks_too_often_is_told_how_long_to_wait(house: House) -> None:
    async with house.session.get("/api/v1/fail/often") as got:
        assert got.headers["Retry-After"] == "3"
        assert (await got.json(content_type=None))["retry_after"] == 3.4


@pytest.mark.parametrize("how", ["bug", "base"])
async def test_an_unexpected_error_is_told_to_the_log_and_not_to_the_client(house: House, how: str) -> None:
    with capture_logs() as logs:
        async with house.session.get(f"/api/v1/fail/{how}") as got:
            text = await got.text()
            assert got.status == 500
    assert "secret" not in text
    assert '"code":"internal"' in text
    (line,) = [line for line in logs if line["event"] == "web.request_failed"]
    assert line["incident"] in text
    assert line["route"] == "/api/v1/fail/{how}"
    assert isinstance(line["exc_info"], Exception)


async def test_an_error_in_the_middle_of_an_answer_cuts_it_off_and_is_no_second_answer(house: House) -> None:
    with pytest.raises(aiohttp.ClientPayloadError):
        async with house.session.get("/api/v1/half") as got:
            await got.read()
    async with house.session.get("/livez") as got:
        assert got.status == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/api/v1/nowhere", 404, "not_found"),
        ("DELETE", "/api/v1/wish", 405, "method_not_allowed"),
        ("GET", "/static/nothing.js", 404, "not_found"),
        ("GET", "/static/../server.py", 404, "not_found"),
        ("GET", "/static/%2e%2e%2fserver.py", 404, "not_found"),
        ("GET", "/static/..%5c..%5cserver.py", 404, "not_found"),
        ("GET", "/static/%00", 404, "not_found"),
        ("GET", "/static/.secret", 404, "not_found"),
        ("GET", "/readyz/nothing", 404, "not_found"),
    ],
)
async def test_an_address_that_is_not_there_is_a_problem_too(
    house: House, method: str, path: str, status: int, code: str
) -> None:
    async with house.session.request(method, path) as got:
        assert got.status == status
        assert (await got.json(content_type=None))["code"] == code
