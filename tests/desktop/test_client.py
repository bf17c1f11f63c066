"""The link: what it makes of gaps, cuts, refusals and lost time, in front of a daemon that says what the test wants."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from ami_bridge import wire
from ami_bridge.desktop import client
from ami_bridge.desktop.client import Link, RefusedError, Token, pause
from ami_bridge.desktop.signin import LaterError

SOON = 5.0
Play = Callable[["Line"], Coroutine[Any, Any, None]]


class Line:
    """One connection, as the daemon has it."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket

    async def hear(self) -> dict[str, Any]:
        heard: dict[str, Any] = json.loads(await self.socket.recv())
        return heard

    async def say(self, **message: object) -> None:
        await self.socket.send(json.dumps(message))

    async def welcome(self, *, epoch: str = "E", seq: int = 10, recovered: bool = False, **more: object) -> None:
        user = {"login": "anna", "name": "Anna"}
        await self.say(type="welcome", epoch=epoch, seq=seq, recovered=recovered, user=user, topics=[], **more)

    async def answer(self) -> dict[str, Any]:
        """Answer the next request that only wants to know whether somebody is there."""
        asked = await self.hear()
        await self.say(type="response", id=asked["id"], ok=True, result={})
        return asked

    async def begin(self, **welcome: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        hello = await self.hear()
        await self.welcome(**welcome)
        await self.answer()
        return hello

    async def event(self, seq: int, prev: int, **more: object) -> None:
        await self.say(
            type="event", seq=seq, prev=prev, ts="2026-11-21T13:00:00Z", topic="bridge", event="bridge.changed",
            bridge={"pbx": "p", "ami": "up", "since": "2026-11-21T13:00:00Z"}, **more,
        )  # fmt: skip

    async def until_left(self) -> int:
        """Wait until the client is gone; return its close code."""
        try:
            while True:
                await self.socket.recv()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd is not None else 1006


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self._news = asyncio.Condition()

    def welcome(self, welcome: wire.Welcome) -> None:
        self._tell(("welcome", welcome.recovered))

    def take(self, news: wire.Snapshot | wire.Event) -> None:
        self._tell(news.seq)

    def settled(self, *, live: bool) -> None:
        word = "right" if live else "unsure"
        if word not in self.told[-1:]:
            self._tell(word)

    def refused(self, code: int) -> None:
        self._tell(("refused", code))

    def _tell(self, what: object) -> None:
        self.told.append(what)

    async def until(self, what: object, times: int = 1) -> None:
        async with asyncio.timeout(SOON):
            while self.told.count(what) < times:
                await asyncio.sleep(0.005)


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


@asynccontextmanager
async def a_link(
    *plays: Play,
    clock: Clock | None = None,
    refuse: tuple[HTTPStatus, dict[str, str]] | None = None,
    token: Token | None = None,
) -> AsyncIterator[tuple[Link, Heard]]:
    """A client in front of a daemon that plays this, a play per connection; the last one is played again."""
    heard, waiting, failed = Heard(), list(plays), list[BaseException]()
    refusals = [refuse] if refuse else []

    async def handle(socket: ServerConnection) -> None:
        play = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        try:
            await play(Line(socket))
        except ConnectionClosed:
            pass
        except AssertionError as error:
            failed.append(error)

    def gate(connection: ServerConnection, _request: Request) -> Response | None:
        if not refusals:
            return None
        status, headers = refusals.pop()
        response = connection.respond(status, "no")
        response.headers.update(headers)
        return response

    async with serve(
        handle, "127.0.0.1", 0, subprotocols=[Subprotocol(wire.PROTOCOL)], process_request=gate, close_timeout=0.1
    ) as server:
        port = server.sockets[0].getsockname()[1]
        tokens: list[str | None] = []

        async def numbered(refused: str | None) -> str | None:
            tokens.append(refused)
            return f"token{len(tokens)}"

        link = Link(
            url=f"ws://127.0.0.1:{port}", token=token or numbered, language="de", listener=heard,
            clock=clock or Clock(), chance=lambda: 0.01, say=lambda _text: None,
        )  # fmt: skip
        link_tokens[link] = tokens
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(link.run())
            yield link, heard
            running.cancel()
    assert not failed, failed


link_tokens: dict[Link, list[str | None]] = {}


async def stay(line: Line) -> None:
    """Welcome, and then nothing more."""
    await line.begin()
    await line.until_left()


@pytest.mark.parametrize(
    ("code", "failures", "lost_for", "longest"),
    [
        (1001, 0, 0, 5.0), (4000, 0, 0, 5.0), (1006, 0, 0, 0.5), (4008, 0, 0, 0.5), (4001, 0, 0, 0.0),
        (4010, 0, 0, 0.0), (4010, 1, 0, 1.0), (1006, 1, 1, 1.0), (1006, 3, 5, 3.0), (1006, 9, 59, 3.0),
        (1006, 9, 61, 30.0), (1001, 5, 30, 3.0),
    ],
)  # fmt: skip
def test_the_pauses_grow_and_are_random(code: int, failures: int, lost_for: float, longest: float) -> None:
    pauses = [pause(code, failures=failures, lost_for=lost_for, chance=chance) for chance in (0.0, 0.5, 1.0)]
    assert pauses == [0.0, longest / 2, longest]


async def test_nothing_is_settled_before_everything_missed_was_told() -> None:
    async def play(line: Line) -> None:
        await line.hear()
        await line.welcome(seq=10)
        await line.event(11, 10)
        await line.event(15, 11)
        await line.answer()
        await line.until_left()

    async with a_link(play) as (_, heard):
        await heard.until("right")
    assert heard.told[:4] == [("welcome", False), 11, 15, "right"]


async def test_a_gap_is_noticed_and_made_good_and_meanwhile_nothing_is_shown() -> None:
    async def play(line: Line) -> None:
        await line.begin()
        await line.event(11, 10)
        await line.event(13, 12)
        assert (await line.hear())["op"] == "resync"
        await line.event(14, 13)
        await line.say(type="response", id="p2", ok=True)
        await line.until_left()

    async with a_link(play) as (_, heard):
        await heard.until("right", times=2)
    assert heard.told[:7] == [("welcome", False), "right", 11, "unsure", 13, 14, "right"]


async def test_what_a_newer_daemon_says_is_no_gap() -> None:
    async def play(line: Line) -> None:
        await line.begin(unheard="of")
        await line.say(type="song", seq=11, prev=10)
        await line.say(type="event", seq=12, prev=11, topic="calls.self", event="call.changed", call={"state": "odd"})
        await line.say(type="song")
        await line.socket.send("no JSON at all")
        await line.socket.send(b"\xff\xfe")
        await line.say(type="tick", seq=12, prev=12)
        await line.event(13, 12, unheard="of")
        await line.until_left()

    async with a_link(play) as (_, heard):
        await heard.until(13)
    assert heard.told[:3] == [("welcome", False), "right", 13]


async def test_it_comes_back_and_says_where_it_stopped() -> None:
    hellos = []

    async def first(line: Line) -> None:
        hellos.append(await line.begin(epoch="E7"))
        await line.event(42, 10)
        await line.say(type="tick", seq=42, prev=42)
        line.socket.transport.abort()

    async def second(line: Line) -> None:
        hellos.append(await line.begin(epoch="E7", seq=60, recovered=True))
        await line.event(55, 42)
        await line.until_left()

    async with a_link(first, second) as (_, heard):
        await heard.until(55)
    assert [hello["resume"] for hello in hellos] == [None, {"epoch": "E7", "seq": 42}]
    assert all(hello["topics"] == ["calls.self"] and hello["client"].startswith("desktop/") for hello in hellos)
    assert ("refused", 1006) not in heard.told


@pytest.mark.parametrize("code", [4501, 4502, 4503, 4504])
async def test_after_a_final_word_it_waits_for_another_token(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "NO_MATTER_OF_TOKENS", 0.01)

    async def first(line: Line) -> None:
        await line.begin()
        await line.socket.close(code)

    async with a_link(first, stay) as (link, heard):
        await heard.until("right", times=2)
        assert link_tokens[link] == [None, "token1"]
    assert heard.told.count(("refused", code)) == 1


@pytest.mark.parametrize("code", [4001, 4500])
async def test_a_token_that_is_over_is_replaced_without_a_word(code: int) -> None:
    async def first(line: Line) -> None:
        await line.begin()
        await line.socket.close(code)

    async with a_link(first, stay) as (link, heard):
        await heard.until("right", times=2)
        assert link_tokens[link] == [None, "token1"]
    assert [one for one in heard.told if isinstance(one, tuple) and one[0] == "refused"] == []


async def test_a_token_that_never_opened_anything_is_not_replaced_in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LOOK_FOR_TOKEN_EVERY", 0.01)
    async with a_link(stay, refuse=(HTTPStatus.UNAUTHORIZED, {})) as (link, heard):
        await heard.until("right")
        assert link_tokens[link] == [None, "token1"]
    assert heard.told.count(("refused", 4500)) == 1


async def test_where_a_token_is_to_be_had_later_it_is_waited_for_and_nobody_is_told_to_sign_in() -> None:
    asked: list[str | None] = []

    async def token(refused: str | None) -> str | None:
        asked.append(refused)
        if len(asked) < 4:
            raise LaterError("The daemon does not answer at the moment.")
        return "token"

    async with a_link(stay, token=token) as (_, heard):
        await heard.until("right")
    assert asked == [None] * 4
    assert [one for one in heard.told if isinstance(one, tuple) and one[0] == "refused"] == []


@pytest.mark.parametrize(("status", "final"), [(401, True), (403, True), (404, False), (429, False), (503, False)])
async def test_what_the_door_says_is_final_or_not(status: int, *, final: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LOOK_FOR_TOKEN_EVERY", 0.01)
    async with a_link(stay, refuse=(HTTPStatus(status), {"Retry-After": "0"})) as (_, heard):
        await heard.until("right")
    assert (("refused", 4500) in heard.told) is final


async def test_another_protocol_is_not_guessed_at() -> None:
    left = []

    async def play(line: Line) -> None:
        await line.hear()
        await line.welcome(protocol=2)
        left.append(await line.until_left())

    async with a_link(play) as (_, heard):
        await heard.until(("refused", 4502))
    assert left[0] == 4502


async def test_a_wish_is_repeated_with_its_key_when_the_link_was_cut() -> None:
    asked = []

    async def first(line: Line) -> None:
        await line.begin()
        asked.append(await line.hear())
        line.socket.transport.abort()

    async def second(line: Line) -> None:
        await line.begin(recovered=True)
        asked.append(wish := await line.hear())
        await line.say(type="response", id=wish["id"], ok=True, result={"call": "NEW"})
        await line.until_left()

    async with a_link(first, second) as (link, heard):
        await heard.until("right")
        assert await link.ask("call.originate", {"to": "+49"}, key="wish") == {"call": "NEW"}
    assert [(one["op"], one["key"], one["params"]) for one in asked] == [("call.originate", "wish", {"to": "+49"})] * 2


async def test_a_refusal_is_an_error_and_no_connection_is_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "CONNECTED_WITHIN", 0.05)

    async def first(line: Line) -> None:
        await line.begin()
        wish = await line.hear()
        await line.say(type="response", id=wish["id"], ok=False, error={"code": "busy", "message": "Busy."})
        await line.until_left()

    async def never(line: Line) -> None:
        await line.hear()
        await line.until_left()

    async with a_link(first) as (link, heard):
        await heard.until("right")
        with pytest.raises(RefusedError, match="Busy"):
            await link.ask("call.reject", {}, key="k")
    async with a_link(never) as (link, heard):
        with pytest.raises(RefusedError) as refused:
            await link.ask("call.reject", {}, key="k")
        assert refused.value.problem.code == "unavailable"


async def test_after_lost_time_a_link_must_prove_that_it_lives_before_anything_is_shown() -> None:
    """The process was stopped: what was sent to it meanwhile may be long over."""
    clock, go, ops = Clock(), asyncio.Event(), []

    async def play(line: Line) -> None:
        await line.begin()
        await go.wait()
        await line.event(11, 10)
        ops.append((await line.answer())["op"])
        await line.until_left()

    async with a_link(play, clock=clock) as (_, heard):
        await heard.until("right")
        clock.time += 90
        go.set()
        await heard.until("right", times=2)
    assert ops == ["resync"]
    assert heard.told[:5] == [("welcome", False), "right", "unsure", 11, "right"]


async def test_a_link_that_died_in_the_meantime_is_made_anew_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PROOF_WITHIN", 0.1)
    clock, go = Clock(), asyncio.Event()

    async def dead(line: Line) -> None:
        await line.begin()
        await go.wait()
        await line.event(11, 10)
        await line.until_left()  # nothing comes back any more

    async with a_link(dead, stay, clock=clock) as (link, heard):
        link._chance = lambda: 100.0  # whoever pauses, pauses for long
        await heard.until("right")
        clock.time += 90
        go.set()
        await heard.until("right", times=2)
    assert heard.told[:4] == [("welcome", False), "right", "unsure", 11]
