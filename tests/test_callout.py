"""Dialling from a terminal: one wish with one key, and news of this call alone until it is over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from ami_bridge import wire
from ami_bridge.callout import CallOut
from ami_bridge.errors import BridgeError, LateError, NotReachableError, RefusedError, UnauthorisedError
from tests.test_watch import RIGHT, SOON, Screen, call, news, say, state, welcome

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
OURS = "CALL7"
ASKED: dict[str, object] = {"to": "102"}


class Daemon:
    """Takes one wish, answers as it is told to, and plays what becomes of the call."""

    def __init__(self) -> None:
        self.wishes: list[tuple[str, Any]] = []
        self.answers: list[tuple[int, Any]] = []
        self.plays: list[tuple[wire.FromServer, ...]] = []
        self.dialled = asyncio.Event()
        self.may_follow = True
        self.url = ""

    async def dial(self, request: web.Request) -> web.Response:
        self.wishes.append((request.headers["Idempotency-Key"], await request.json()))
        status, body = self.answers.pop(0) if self.answers else (201, {"call": OURS})
        if status == 0:
            assert request.transport
            request.transport.close()
            raise web.HTTPBadRequest
        self.dialled.set()
        return web.json_response(body, status=status)

    async def follow(self, request: web.Request) -> web.WebSocketResponse:
        if not self.may_follow:
            raise web.HTTPForbidden
        socket = web.WebSocketResponse(protocols=(wire.PROTOCOL,))
        await socket.prepare(request)
        await socket.receive(SOON)
        early, *rest = self.plays.pop(0)
        await say(socket, early, *rest[:2])
        await self.dialled.wait()
        await asyncio.sleep(0.05)  # the answer is read first or not: both happen
        await say(socket, *rest[2:])
        if not self.plays:
            await socket.receive(SOON)
        await socket.close(code=1001)
        return socket


@asynccontextmanager
async def a_daemon() -> AsyncIterator[Daemon]:
    daemon = Daemon()
    app = web.Application()
    app.router.add_get("/api/v1/ws", daemon.follow)
    app.router.add_post("/api/v1/calls", daemon.dial)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    daemon.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/api/v1/ws"
    try:
        yield daemon
    finally:
        await runner.cleanup()


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ami_bridge.watch.LONGEST_PAUSE", 0.01)
    monkeypatch.setattr("ami_bridge.callout.PAUSE", 0.01)


async def dial(daemon: Daemon) -> tuple[CallOut, Screen]:
    screen = Screen()
    out = CallOut(url=daemon.url, token=RIGHT, language="en", json=False, now=lambda: NOON, out=screen)
    async with asyncio.timeout(SOON):
        await out.dial(ASKED)
    return out, screen


def own(rev: int, state_: wire.State, **changes: Any) -> wire.Event:  # noqa: ANN401 - any field
    return news(rev, call(state_, id=OURS, rev=rev, role="caller", **changes))


async def test_it_tells_how_the_call_goes_and_nothing_of_others() -> None:
    async with a_daemon() as daemon:
        daemon.plays = [
            (
                welcome(), *state(), own(1, "dialing"), news(2, call()), own(3, "answered"),
                own(4, "ended", result="answered"),
            )
        ]  # fmt: skip
        out, screen = await dial(daemon)
    assert [one.split()[0] for one in screen.lines] == ["Your", "→", "●", "■"]
    assert out.last is not None
    assert out.last.result == "answered"
    assert [wanted for _, wanted in daemon.wishes] == [ASKED]


async def test_a_connection_that_breaks_is_tried_again_with_the_same_key() -> None:
    async with a_daemon() as daemon:
        daemon.answers = [(0, None), (0, None)]
        daemon.plays = [(welcome(), *state(), own(1, "ended", result="busy"))]
        out, _ = await dial(daemon)
    assert out.last is not None
    assert (out.last.result, len(daemon.wishes), len({key for key, _ in daemon.wishes})) == ("busy", 3, 1)


async def test_a_daemon_that_never_answers_leaves_nobody_knowing() -> None:
    async with a_daemon() as daemon:
        daemon.answers = [(0, None)] * 9
        daemon.plays = [(welcome(), *state())]
        assert isinstance(await _refused(daemon), LateError)


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (403, {"code": "not_allowed", "detail": "You may not."}, RefusedError, "You may not."),
        (428, {"code": "unconfirmed", "detail": "Confirm it."}, RefusedError, "Confirm it."),
        (503, {"code": "unavailable", "detail": "Away."}, NotReachableError, "Away."),
        (401, {}, UnauthorisedError, "token"),
        (502, "<html>", RefusedError, "502"),
    ],
)
async def test_a_refusal_is_told_in_the_daemons_words(
    status: int, body: object, kind: type[BridgeError], said: str
) -> None:
    async with a_daemon() as daemon:
        daemon.answers = [(status, body)]
        daemon.plays = [(welcome(), *state())]
        error = await _refused(daemon)
    assert isinstance(error, kind)
    assert said in str(error)


async def test_a_token_that_may_only_dial_dials() -> None:
    async with a_daemon() as daemon:
        daemon.may_follow = False
        out, screen = await dial(daemon)
    assert (out.last, len(daemon.wishes), len(screen.lines)) == (None, 1, 1)


async def test_a_call_that_is_gone_after_a_restart_is_over() -> None:
    async with a_daemon() as daemon:
        daemon.plays = [(welcome(), *state(), own(1, "dialing")), (welcome(epoch="E2"), *state())]
        out, _ = await dial(daemon)
    assert out.last is not None
    assert out.last.state == "dialing"


async def _refused(daemon: Daemon) -> BridgeError:
    with pytest.raises(BaseExceptionGroup) as refused:
        await dial(daemon)
    (error,) = refused.value.exceptions
    assert isinstance(error, BridgeError)
    return error
