"""A house with a few routes that do what the tests want to see."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from msgspec import Struct
from prometheus_client import CollectorRegistry

from ami_bridge import errors
from ami_bridge.config import Web
from ami_bridge.errors import BridgeError, BusyError, NotReachableError, RateLimitedError
from ami_bridge.web.body import answer, read_body, read_form
from ami_bridge.web.server import Check, serve

ANYWHERE = Web(listen="http://127.0.0.1:0")


class Wish(Struct, forbid_unknown_fields=True):
    to: str
    times: int = 1


def routes(router: web.UrlDispatcher) -> None:
    """A few addresses that do what the tests want to see."""

    async def wish(request: web.Request) -> web.Response:
        return answer(await read_body(request, Wish), 201)

    async def form(request: web.Request) -> web.Response:
        return answer(dict(await read_form(request)), 201)

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
    router.add_post("/api/v1/form", form)
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
