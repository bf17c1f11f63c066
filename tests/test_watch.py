"""Live calls in a terminal: lines that people like to read, and a connection that comes back."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from hypothesis import given
from hypothesis import strategies as st

from ami_bridge import wire
from ami_bridge.errors import NotReachableError, UnauthorisedError
from ami_bridge.watch import SIGNS, WORDS, Watch, line
from tests.real.schema import must_fit

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SOON = 5.0
RIGHT = "amib_right"
HUBER = wire.Peer(number="+493023125001", display="030 23125001", name="Bäckerei Huber", matches=1)
ANNA = wire.Peer(number="101", display="101", name="Anna Amsel")
USER = wire.User(login="anna", name="Anna Amsel", extensions=("101",))


def call(state: wire.State = "ringing", **changes: Any) -> wire.Call:  # noqa: ANN401 - any field
    fields: dict[str, Any] = {
        "id": "CALL1", "pbx": "town", "rev": 1, "state": state, "direction": "in", "role": "callee", "since": NOON,
        "peer": HUBER, "extension": "101",
    }  # fmt: skip
    return wire.Call(**{**fields, **changes})


@pytest.mark.parametrize(
    ("one", "german", "english"),
    [
        (
            call(),
            "☎ klingelt    Bäckerei Huber (030 23125001) → 101",
            "☎ ringing     Bäckerei Huber (030 23125001) → 101",
        ),
        (
            call("dialing", role="caller"),
            "→ wählt       101 → Bäckerei Huber (030 23125001)",
            "→ dials       101 → Bäckerei Huber (030 23125001)",
        ),
        (
            call(peer=wire.Peer(), line=wire.Line(exten="100", label="Bürgerbüro")),
            "☎ klingelt    unbekannt → 100 Bürgerbüro",
            "☎ ringing     unknown → 100 Bürgerbüro",
        ),
        (
            call("answered", peer=wire.Peer(number="+4989", display="089", name="Huber", org="Bäckerei"), line=None),
            "● spricht     Huber, Bäckerei (089) → 101",
            "● talking     Huber, Bäckerei (089) → 101",
        ),
        (
            call(forwarded_by=ANNA, line=wire.Line(exten="102")),
            "☎ klingelt    Bäckerei Huber (030 23125001) → 102  (über Anna Amsel (101))",
            "☎ ringing     Bäckerei Huber (030 23125001) → 102  (via Anna Amsel (101))",
        ),
        (
            call("parked", parked_at="701"),
            "P geparkt     Bäckerei Huber (030 23125001) → 101  [701]",
            "P parked      Bäckerei Huber (030 23125001) → 101  [701]",
        ),
        (
            call("ended", result="answered", answered_at=NOON, ended_at=NOON + timedelta(seconds=65.4)),
            "■ beendet     Bäckerei Huber (030 23125001) → 101  angenommen, 1:05",
            "■ ended       Bäckerei Huber (030 23125001) → 101  answered, 1:05",
        ),
        (
            call("ended", result="answered", answered_by=ANNA),
            "■ beendet     Bäckerei Huber (030 23125001) → 101  angenommen durch Anna Amsel (101)",
            "■ ended       Bäckerei Huber (030 23125001) → 101  answered by Anna Amsel (101)",
        ),
        (
            call("ended", result="missed", ended_at=NOON),
            "■ beendet     Bäckerei Huber (030 23125001) → 101  nicht angenommen",
            "■ ended       Bäckerei Huber (030 23125001) → 101  missed",
        ),
    ],
)
def test_a_call_is_one_line(one: wire.Call, german: str, english: str) -> None:
    assert line(one, WORDS["de"]) == german
    assert line(one, WORDS["en"]) == english


def test_both_languages_have_a_word_for_everything() -> None:
    states, results = set(wire.State.__args__), set(wire.Result.__args__)  # type: ignore[attr-defined]
    for words in WORDS.values():
        assert states | {f"r.{result}" for result in results} <= set(words)
    assert set(WORDS["de"]) == set(WORDS["en"])
    assert set(SIGNS) == states


@given(st.text(), st.text(), st.text(), st.text())
def test_no_name_of_a_stranger_reaches_the_terminals_controls(name: str, org: str, number: str, label: str) -> None:
    peer = wire.Peer(number=number, display=number, name=name, org=org)
    one = call(
        peer=peer, forwarded_by=peer, answered_by=peer, result="answered", state="ended", queue=name, room=org,
        line=wire.Line(exten=number, label=label), extension=number,
    )  # fmt: skip
    assert line(one, WORDS["en"]).isprintable()


def test_a_hostile_name_is_cut_and_harmless() -> None:
    shown = line(call(peer=wire.Peer(number="1", name="\x1b[2J\u202e\r\nEvil\x9b1m" + "x" * 10_000)), WORDS["en"])
    assert "\x1b" not in shown
    assert "Evil1m" in shown
    assert len(shown) < 200


Play = Callable[[web.WebSocketResponse, dict[str, Any]], Any]


class Daemon:
    """A daemon that plays a script: one function per connection, given the socket and the client's hello."""

    def __init__(self, plays: Iterable[Play]) -> None:
        self.plays = iter(plays)
        self.hellos: list[dict[str, Any]] = []
        self.tokens: list[str] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        self.tokens.append(request.headers.get("Authorization", ""))
        if self.tokens[-1] != f"Bearer {RIGHT}":
            raise web.HTTPUnauthorized
        socket = web.WebSocketResponse(protocols=(wire.PROTOCOL,))
        await socket.prepare(request)
        hello = wire.decode_from_client((await socket.receive(SOON)).data)
        assert isinstance(hello, wire.Hello)
        self.hellos.append(json.loads(wire.encode(hello)))
        play = next(self.plays, stays)
        await play(socket, self.hellos[-1])
        if not socket.closed:
            await socket.close(code=1001)
        return socket


async def say(socket: web.WebSocketResponse, *messages: wire.FromServer) -> None:
    for message in messages:
        text = wire.encode(message).decode()
        must_fit(json.loads(text))
        await socket.send_str(text)


def welcome(seq: int = 0, *, epoch: str = "E1", recovered: bool = False) -> wire.Welcome:
    return wire.Welcome(epoch=epoch, seq=seq, recovered=recovered, user=USER, topics=("bridge", "calls.self"))


def state(*calls: wire.Call, ami: Any = "up") -> tuple[wire.Snapshot, wire.Snapshot]:  # noqa: ANN401 - a word
    bridge = wire.Bridge(pbx="town", ami=ami, since=NOON)
    return (
        wire.Snapshot(topic="bridge", seq=0, prev=0, bridges=(bridge,)),
        wire.Snapshot(topic="calls.self", seq=0, prev=0, calls=calls),
    )


def news(seq: int, one: wire.Call) -> wire.Event:
    return wire.Event(seq=seq, prev=seq - 1, ts=NOON, topic="calls.self", event="call.changed", call=one)


async def stays(socket: web.WebSocketResponse, _hello: dict[str, Any]) -> None:
    """Say nothing more until the client goes."""
    async for message in socket:
        assert message.type is WSMsgType.TEXT


class Screen(io.StringIO):
    """A terminal that can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self._news = asyncio.Event()

    def write(self, text: str) -> int:
        self._news.set()
        return super().write(text)

    @property
    def lines(self) -> list[str]:
        return [one.removeprefix("12:00:00  ") for one in self.getvalue().splitlines()]

    async def shows(self, part: str, times: int = 1) -> None:
        async with asyncio.timeout(SOON):
            while self.getvalue().count(part) < times:
                self._news.clear()
                await self._news.wait()


class World:
    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.screen = Screen()
        self.running: asyncio.Task[None]

    def watch(self, *, secret: str = RIGHT, language: str = "en", as_json: bool = False) -> "World":
        watch = Watch(
            url=self.daemon.url, token=secret, language=language, json=as_json, now=lambda: NOON, out=self.screen
        )
        self.running = asyncio.get_running_loop().create_task(watch.run())
        return self

    async def ends(self) -> None:
        async with asyncio.timeout(SOON):
            await self.running


@asynccontextmanager
async def a_daemon(*plays: Play) -> AsyncIterator[World]:
    daemon = Daemon(plays)
    app = web.Application()
    app.router.add_get("/api/v1/ws", daemon.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    daemon.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/api/v1/ws"
    world = World(daemon)
    try:
        yield world
    finally:
        world.running.cancel()
        await asyncio.gather(world.running, return_exceptions=True)
        await runner.cleanup()


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ami_bridge.watch.LONGEST_PAUSE", 0.01)


async def test_calls_appear_as_they_change_each_once() -> None:
    async def play(socket: web.WebSocketResponse, hello: dict[str, Any]) -> None:
        await say(socket, welcome(), *state(), news(1, call()), news(2, call(rev=1)), news(3, call("answered", rev=2)))
        await say(socket, news(4, call("ringing", rev=1)), news(5, call("ended", rev=3, result="answered")))
        await stays(socket, hello)

    async with a_daemon(play) as world:
        world.watch(language="de")
        await world.screen.shows("angenommen")
        assert [one.split()[:2] for one in world.screen.lines] == [
            ["Angemeldet", "als"],
            ["Verbunden", "mit"],
            ["☎", "klingelt"],
            ["●", "spricht"],
            ["■", "beendet"],
        ]
        (hello,) = world.daemon.hellos
        assert (hello["lang"], hello["resume"]) == ("de", None)
        assert hello["client"].startswith("watch/")


async def test_after_a_loss_it_goes_on_where_it_was() -> None:
    async def first(socket: web.WebSocketResponse, _hello: dict[str, Any]) -> None:
        await say(socket, welcome(7), *state(), news(8, call()))

    async def second(socket: web.WebSocketResponse, _hello: dict[str, Any]) -> None:
        await say(socket, welcome(10, recovered=True), news(9, call("answered", rev=2)), wire.Tick(seq=10, prev=9))

    async with a_daemon(first, second) as world:
        world.watch()
        await world.screen.shows("Connection lost", 2)
        async with asyncio.timeout(SOON):
            while len(world.daemon.hellos) < 3:
                await asyncio.sleep(0.001)
        assert [one["resume"] for one in world.daemon.hellos] == [
            None,
            {"epoch": "E1", "seq": 8},
            {"epoch": "E1", "seq": 10},
        ]
        text = world.screen.getvalue()
        assert text.count("Signed in") == 1
        assert (text.count("ringing"), text.count("talking")) == (1, 1)


async def test_a_daemon_that_began_anew_is_believed_afresh() -> None:
    async def first(socket: web.WebSocketResponse, _hello: dict[str, Any]) -> None:
        await say(socket, welcome(7), *state(call(rev=5)))

    async def second(socket: web.WebSocketResponse, hello: dict[str, Any]) -> None:
        await say(socket, welcome(0, epoch="E2"), *state(call("answered", rev=1), ami="down"))
        await stays(socket, hello)

    async with a_daemon(first, second) as world:
        world.watch()
        await world.screen.shows("talking")
        assert "The telephone system cannot be reached." in world.screen.lines


async def test_what_a_newer_daemon_says_is_ignored_and_the_rest_is_shown() -> None:
    async def play(socket: web.WebSocketResponse, hello: dict[str, Any]) -> None:
        await say(socket, welcome(), *state())
        await socket.send_str('{"type":"weather","sun":true}')
        await socket.send_str(
            '{"type":"event","seq":1,"prev":0,"ts":"2026-11-21T12:00:00Z","topic":"x","event":"y","z":1}'
        )
        changed = json.loads(wire.encode(news(2, call())))
        changed["call"]["state"] = "levitating"
        await socket.send_str(json.dumps(changed))
        changed["call"] |= {"state": "ringing", "mood": "good"}
        await socket.send_str(json.dumps(changed))
        await stays(socket, hello)

    async with a_daemon(play) as world:
        world.watch()
        await world.screen.shows("ringing")
        assert len(world.daemon.hellos) == 1


async def test_json_is_every_message_as_it_came_and_nothing_else() -> None:
    async def play(socket: web.WebSocketResponse, hello: dict[str, Any]) -> None:
        await say(socket, welcome(), *state(), news(1, call()))
        await stays(socket, hello)

    async with a_daemon(play) as world:
        world.watch(as_json=True)
        await world.screen.shows("call.changed")
        types = [json.loads(one)["type"] for one in world.screen.getvalue().splitlines()]
        assert types == ["welcome", "snapshot", "snapshot", "event"]


async def test_a_wrong_token_is_one_sentence_and_no_second_try() -> None:
    async with a_daemon() as world:
        world.watch(secret="amib_wrong")
        with pytest.raises(UnauthorisedError, match="token new"):
            await world.ends()
        assert len(world.daemon.tokens) == 1


async def test_a_revoked_token_ends_it_with_the_daemons_reason() -> None:
    async def play(socket: web.WebSocketResponse, _hello: dict[str, Any]) -> None:
        await say(socket, welcome(), *state())
        await socket.close(code=4500, message=b"revoked\x1b[2J")

    async with a_daemon(play) as world:
        world.watch()
        with pytest.raises(UnauthorisedError, match=r"ended the connection: revoked\[2J\."):
            await world.ends()


async def test_changed_rights_are_a_reason_to_come_back() -> None:
    async def play(socket: web.WebSocketResponse, _hello: dict[str, Any]) -> None:
        await say(socket, welcome(), *state())
        await socket.close(code=4010, message=b"rights changed")

    async def then(socket: web.WebSocketResponse, hello: dict[str, Any]) -> None:
        await say(socket, welcome(3), *state(call()))
        await stays(socket, hello)

    async with a_daemon(play, then) as world:
        world.watch()
        await world.screen.shows("ringing")


async def test_silence_is_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ami_bridge.watch.SILENCE", 0.05)
    async with a_daemon(stays, stays) as world:
        world.watch()
        with pytest.raises(NotReachableError):
            await world.ends()


async def test_nobody_there_is_one_sentence() -> None:
    async with a_daemon() as world:
        world.daemon.url = "ws://127.0.0.1:1/api/v1/ws"
        world.watch()
        with pytest.raises(NotReachableError, match="is the daemon running"):
            await world.ends()
