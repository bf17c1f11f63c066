import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import ClientSession, web
from msgspec import Struct
from prometheus_client import CollectorRegistry, Counter
from structlog.testing import capture_logs

from ami_bridge import errors
from ami_bridge.config import Web
from ami_bridge.errors import BridgeError, BusyError, ConfigError, NotReachableError, RateLimitedError
from ami_bridge.web.body import answer, read_body
from ami_bridge.web.problem import STATUS
from ami_bridge.web.server import HEADERS, Check, serve

ANYWHERE = Web(listen="http://127.0.0.1:0")


class Wish(Struct, forbid_unknown_fields=True):
    to: str
    times: int = 1


def routes(router: web.UrlDispatcher) -> None:
    """A few addresses that do what the tests want to see."""

    async def wish(request: web.Request) -> web.Response:
        return answer(await read_body(request, Wish), 201)

    async def fail(request: web.Request) -> web.Response:
        raise {
            "busy": BusyError("That line is in use."),
            "often": RateLimitedError("Too often.", retry_after=3.4),
            "away": NotReachableError("The groupware does not answer."),
            "who": errors.UnauthorisedError("Nobody."),
            "bug": ZeroDivisionError("secret +498999998101"),
            "base": BridgeError("a secret"),
        }[request.match_info["how"]]

    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"half of it")
        raise ZeroDivisionError

    router.add_post("/api/v1/wish", wish)
    router.add_get("/api/v1/fail/{how}", fail)
    router.add_get("/api/v1/half", half)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text("<!doctype html><title>ami_bridge</title>" + "<p>hello</p>" * 100)
    (tmp_path / "app.js").write_text("export const one = 1;\n" * 100)
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor" / "a.woff2").write_bytes(b"\0" * 500)
    (tmp_path / ".secret").write_text("secret")
    return tmp_path


class House:
    def __init__(self, session: ClientSession, port: int) -> None:
        self.session = session
        self.port = port


@asynccontextmanager
async def opened(
    page: Path,
    config: Web = ANYWHERE,
    checks: dict[str, Check] | None = None,
    registry: CollectorRegistry | None = None,
) -> AsyncIterator[House]:
    async with (
        serve(
            config, add_routes=[routes], checks=checks, static=page, registry=registry or CollectorRegistry()
        ) as port,
        ClientSession(f"http://127.0.0.1:{port}", auto_decompress=False) as session,
    ):
        yield House(session, port)


@pytest.fixture
async def house(page: Path) -> AsyncIterator[House]:
    async with opened(page) as it:
        yield it


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


@pytest.mark.parametrize("path", ["/", "/static/app.js", "/nowhere", "/api/v1/fail/bug", "/livez", "/metrics"])
async def test_every_answer_carries_the_security_headers(house: House, path: str) -> None:
    async with house.session.get(path) as got:
        assert {key: got.headers[key] for key in HEADERS} == HEADERS
        assert "Strict-Transport-Security" not in got.headers
        assert "Cache-Control" in got.headers


async def test_the_policy_is_exactly_the_one_that_was_tried(house: House) -> None:
    async with house.session.get("/") as got:
        assert got.headers["Content-Security-Policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
            "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )


async def test_behind_tls_browsers_are_told_to_stay_there(page: Path) -> None:
    config = Web(listen="http://127.0.0.1:0", origin="https://telefon.example")
    async with opened(page, config) as house, house.session.get("/") as got:
        assert got.headers["Strict-Transport-Security"] == "max-age=31536000"


# --- bodies

JSON = {"Content-Type": "application/json"}


async def test_a_good_body_arrives(house: House) -> None:
    async with house.session.post("/api/v1/wish", json={"to": "Jürgen"}) as got:
        assert (got.status, await got.json()) == (201, {"to": "Jürgen", "times": 1})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'{"to":1}',
        b'{"to":"a","more":1}',
        b'{"to":"a","times":1e999}',
        b'{"to":"a","times":' + b"9" * 60_000 + b"}",
        b'{"to":"\xff"}',
        b'{"to":"\\ud800"}',
        b"[" * 60_000,
        b'{"to":' + b"[" * 60_000,
        b"\x1f\x8b\x08junk",
    ],
)
async def test_a_bad_body_is_a_bad_request_in_one_sentence(house: House, body: bytes) -> None:
    async with house.session.post("/api/v1/wish", data=body, headers=JSON) as got:
        assert got.status == 400
        problem = await got.json(content_type=None)
    assert problem["code"] == "bad_request"
    assert "\n" not in problem["detail"]


async def test_a_form_is_refused_because_any_page_can_send_one(house: House) -> None:
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"):
        async with house.session.post("/api/v1/wish", data=b'{"to":"a"}', headers={"Content-Type": kind}) as got:
            assert got.status == 400


@pytest.mark.parametrize("packed", [False, True])
async def test_a_body_that_is_too_large_is_refused_even_if_it_was_small_on_the_wire(house: House, packed: bool) -> None:  # noqa: FBT001
    body = b'{"to":"' + b"a" * 900_000 + b'"}'
    headers = dict(JSON)
    if packed:
        body = gzip.compress(body)
        headers["Content-Encoding"] = "gzip"
    try:
        async with house.session.post("/api/v1/wish", data=body, headers=headers) as got:
            assert got.status == 413
            assert (await got.json(content_type=None))["code"] == "too_large"
    except aiohttp.ClientConnectionError:
        assert not packed  # cut off while it was still sending
    async with house.session.get("/livez") as got:
        assert got.status == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01junk\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: [\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: [::1\r\n\r\n",
        b'GET / HTTP/1.1\r\nHost: x\r\nIf-None-Match: \xff,"\r\nAccept-Encoding: gzip;q\r\n\r\n',
        b"POST /api/v1/wish HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v1/wish HTTP/1.1\r\nHost: x\r\nContent-Type: ;;;\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
async def test_junk_on_the_wire_is_never_a_fault_of_ours(house: House, raw: bytes) -> None:
    with capture_logs() as logs:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(raw.replace(b"\r\nHost", b"\r\nConnection: close\r\nHost"))
        async with asyncio.timeout(5):
            head = await reader.readline()
        writer.close()
        await writer.wait_closed()
    assert b" 500 " not in head
    assert logs == []
    async with house.session.get("/livez") as got:
        assert got.status == 200


# --- the page


async def test_the_page_is_at_the_top_and_compressed_for_who_takes_it(house: House, page: Path) -> None:
    whole = (page / "index.html").read_bytes()
    async with house.session.get("/", headers={"Accept-Encoding": "br, gzip;q=0.5"}) as got:
        assert got.content_type == "text/html"
        assert got.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(await got.read()) == whole
    for refuses in ("identity", "gzip;q=0"):
        async with house.session.get("/", headers={"Accept-Encoding": refuses}) as got:
            assert "Content-Encoding" not in got.headers
            assert await got.read() == whole


async def test_a_file_that_did_not_change_is_not_sent_again(house: House) -> None:
    async with house.session.get("/static/app.js") as got:
        assert got.content_type == "text/javascript"
        etag = got.headers["ETag"]
    async with house.session.get("/static/app.js", headers={"If-None-Match": etag}) as got:
        assert (got.status, await got.read()) == (304, b"")
    async with house.session.get("/static/app.js", headers={"If-None-Match": '"other"'}) as got:
        assert got.status == 200


async def test_fonts_are_not_compressed_twice(house: House) -> None:
    async with house.session.get("/static/vendor/a.woff2", headers={"Accept-Encoding": "gzip"}) as got:
        assert (got.content_type, "Content-Encoding" in got.headers) == ("font/woff2", False)


# --- signs of life


async def test_a_daemon_without_its_neighbours_lives_and_is_not_ready(page: Path) -> None:
    async def store() -> bool:
        raise NotReachableError("gone")

    def ami() -> bool:
        return True

    async with opened(page, checks={"store": store, "ami": ami}) as house:
        async with house.session.get("/livez") as got:
            assert got.status == 200
        async with house.session.get("/readyz") as got:
            assert (got.status, await got.json()) == (503, {"ready": False, "checks": {"store": False, "ami": True}})
        async with house.session.get("/readyz/ami") as got:
            assert got.status == 200


@pytest.mark.parametrize("header", [{"X-Forwarded-For": "192.0.2.1"}, {"Forwarded": "for=x"}, {"Host": "evil.example"}])
async def test_figures_and_details_are_for_this_machine_only(page: Path, header: dict[str, str]) -> None:
    registry = CollectorRegistry()
    Counter("ami_bridge_tries", "tries", registry=registry).inc()
    async with opened(page, checks={"ami": lambda: True}, registry=registry) as house:
        async with house.session.get("/metrics") as got:
            assert "ami_bridge_tries_total 1.0" in await got.text()
        async with house.session.get("/metrics", headers=header) as got:
            assert got.status == 404
        async with house.session.get("/readyz", headers=header) as got:
            assert await got.json() == {"ready": True}


async def test_a_port_that_is_taken_is_one_clear_sentence(house: House, page: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be opened"):
        async with serve(Web(listen=f"http://127.0.0.1:{house.port}"), static=page):
            pass
