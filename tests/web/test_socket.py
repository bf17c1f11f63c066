"""The websocket as a client meets it: hello, state, news, resume, refusals, slow readers."""

import asyncio
import json
import socket as sockets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
import structlog
from aiohttp import web
from msgspec import Struct

from ami_bridge import wire
from ami_bridge.errors import UnauthorisedError
from ami_bridge.web.hub import Hub
from ami_bridge.web.identity import Identity
from ami_bridge.web.ops import Asked, Op, Ops
from ami_bridge.web.problem import problems
from ami_bridge.web.socket import Sockets
from tests.real.schema import must_fit

SOON = 5.0
START = datetime(2026, 11, 21, 13, 0, tzinfo=UTC)


class Guard:
    """Knows people by the word in their Authorization header."""

    def __init__(self) -> None:
        self.scopes = frozenset({"events"})
        self.expires = START + timedelta(days=365)
        self.over = False

    async def identify(self, request: web.Request) -> Identity:
        word = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if word not in {"anna", "ben"} or self.over:
            raise UnauthorisedError("Nobody is signed in.")
        return Identity(login=word, credential=f"token:{word}", scopes=self.scopes, expires=self.expires)


class Desk:
    """A house with two people."""

    def __init__(self) -> None:
        self.now_calls: dict[str, tuple[wire.Call, ...]] = {"anna": (), "ben": ()}
        self.extensions = {"anna": ("101",), "ben": ("102",)}

    def user(self, login: str) -> wire.User | None:
        if login not in self.extensions:
            return None
        return wire.User(login=login, name=login.title(), extensions=self.extensions[login])

    def may_follow(self, login: str, topic: str) -> bool:
        return login in self.extensions and topic in {"calls.self", "calls.dept:a", "calls.dept:b"}

    def capabilities(self, login: str) -> Sequence[str]:  # noqa: ARG002
        return ()

    def snapshot(self, login: str, topic: str, *, seq: int) -> wire.Snapshot:
        if topic == "bridge":
            bridge = wire.Bridge(pbx="rathaus", ami="up", since=START)
            return wire.Snapshot(topic=topic, seq=seq, prev=seq, bridges=(bridge,))
        return wire.Snapshot(topic=topic, seq=seq, prev=seq, calls=self.now_calls[login])


class Door:
    """Something that clients may have done."""

    def __init__(self) -> None:
        self.opened: list[Asked] = []
        self.begun = 0
        self.bell = asyncio.Event()

    async def open(self, asked: Asked) -> dict[str, object]:
        self.opened.append(asked)
        asked.needs_key()
        return {"wide": asked.read(Width).wide}

    async def break_(self, asked: Asked) -> None:
        raise ZeroDivisionError(asked.login)

    async def wait(self, asked: Asked) -> str:
        self.begun += 1
        await self.bell.wait()
        return asked.login


class Width(Struct):
    wide: int


def call(number: int = 1, rev: int = 1, *, name: str = "Bäckerei Huber", state: wire.State = "ringing") -> wire.Call:
    return wire.Call(
        id=f"CALL{number}", pbx="rathaus", rev=rev, state=state, direction="in", role="callee", since=START,
        peer=wire.Peer(number="+493023125001", display="030 23125001", name=name), extension="101",
    )  # fmt: skip


class World:
    """A hub, a server and the clients of a test."""

    def __init__(self) -> None:
        self.time = START
        self.hub = Hub(epoch="EPOCH", now=self.now)
        self.guard, self.desk, self.door = Guard(), Desk(), Door()
        self.url = ""
        self.port = 0
        self.session: aiohttp.ClientSession
        self.sockets: list[aiohttp.ClientWebSocketResponse] = []

    def now(self) -> datetime:
        return self.time

    def rings(self, login: str = "anna", one: wire.Call | None = None, topic: str = "calls.self") -> None:
        """Have news for somebody."""
        one = one or call()
        self.hub.publish(topic, "call.changed", "call", one, key=one.id, login=login)

    async def connect(self, who: str = "anna", protocols: Sequence[str] = (wire.PROTOCOL,)) -> "Client":
        socket = await self.session.ws_connect(
            self.url, protocols=protocols, headers={"Authorization": f"Bearer {who}"}, max_msg_size=0
        )
        self.sockets.append(socket)
        return Client(socket)

    async def welcomed(self, who: str = "anna", **hello: Any) -> "Client":  # noqa: ANN401 - any JSON
        client = await self.connect(who)
        await client.say(type="hello", **hello)
        client.welcome = await client.hear()
        assert client.welcome["type"] == "welcome"
        if not client.welcome["recovered"]:
            client.snapshots = [await client.hear() for _ in client.welcome["topics"]]
        return client


class Client:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.welcome: dict[str, Any] = {}
        self.snapshots: list[dict[str, Any]] = []

    async def say(self, **message: Any) -> None:  # noqa: ANN401 - any JSON
        await self.socket.send_str(json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        message = await self.socket.receive(SOON)
        assert message.type is aiohttp.WSMsgType.TEXT, (message, self.socket.close_code)
        heard: dict[str, Any] = json.loads(message.data)
        must_fit(heard)
        return heard

    async def leave(self, world: World) -> None:
        """Go, and wait until the daemon has noticed."""
        await self.socket.close()
        async with asyncio.timeout(SOON):
            while world.hub.links():
                await asyncio.sleep(0.001)

    async def end(self) -> int | None:
        while (message := await self.socket.receive(SOON)).type is aiohttp.WSMsgType.TEXT:
            pass
        assert message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}, message
        return self.socket.close_code


def _sockets(world: World) -> Sockets:
    table = {
        "door.open": Op("dial", world.door.open),
        "door.break": Op("events", world.door.break_),
        "door.wait": Op("events", world.door.wait),
    }
    return Sockets(hub=world.hub, guard=world.guard, desk=world.desk, topics=world.desk, ops=Ops(table), now=world.now)


@asynccontextmanager
async def a_world() -> AsyncIterator[World]:
    world = World()
    app = web.Application(middlewares=[problems])
    app.router.add_get("/api/v1/ws", _sockets(world).handle)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    world.port = runner.addresses[0][1]
    world.url = f"http://127.0.0.1:{world.port}/api/v1/ws"
    hub = asyncio.get_running_loop().create_task(world.hub.run())
    try:
        async with aiohttp.ClientSession() as world.session:
            yield world
            for socket in world.sockets:  # or the garbage collector complains, if it finds the connection first
                socket._response.close()
    finally:
        hub.cancel()
        await runner.cleanup()


async def test_a_client_is_welcomed_gets_the_state_and_then_the_news() -> None:
    async with a_world() as world:
        world.desk.now_calls["anna"] = (call(7),)
        client = await world.welcomed(topics=["calls.self", "calls.dept:x"], client="test", lang="de")
        assert client.socket.protocol == wire.PROTOCOL
        assert client.welcome["epoch"] == "EPOCH"
        assert client.welcome["user"]["name"] == "Anna"
        assert client.welcome["topics"] == ["bridge", "calls.self"]
        assert client.welcome["refused"] == ["calls.dept:x"]
        assert [one["topic"] for one in client.snapshots] == ["bridge", "calls.self"]
        assert client.snapshots[1]["calls"][0]["id"] == "CALL7"
        world.rings()
        news = await client.hear()
        assert (news["seq"], news["prev"]) == (1, client.welcome["seq"])
        assert (news["event"], news["call"]["peer"]["name"]) == ("call.changed", "Bäckerei Huber")


async def test_nobody_gets_what_is_anothers() -> None:
    async with a_world() as world:
        anna, ben = await world.welcomed("anna"), await world.welcomed("ben")
        world.rings("anna", call(1))
        world.rings("ben", call(2))
        assert (await ben.hear())["call"]["id"] == "CALL2"  # the sentinel comes first: Anna's call never came
        assert (await anna.hear())["call"]["id"] == "CALL1"


async def test_who_comes_back_gets_what_was_missed_and_no_snapshot() -> None:
    async with a_world() as world:
        await (await world.welcomed("anna")).leave(world)
        for n in range(3):
            world.rings("anna", call(n))
            world.rings("ben", call(10 + n))
        client = await world.welcomed("anna", resume={"epoch": "EPOCH", "seq": 1})
        assert client.welcome["recovered"]
        first, second = await client.hear(), await client.hear()
        assert [(one["call"]["id"], one["prev"]) for one in (first, second)] == [("CALL1", 1), ("CALL2", first["seq"])]
        world.rings("anna", call(9))
        assert (await client.hear())["prev"] == second["seq"]


@pytest.mark.parametrize(
    "resume", [{"epoch": "OTHER", "seq": 0}, {"epoch": "EPOCH", "seq": 99}, {"epoch": "EPOCH", "seq": -1}]
)
async def test_who_resumes_what_is_not_known_gets_snapshots(resume: dict[str, Any]) -> None:
    async with a_world() as world:
        world.rings()
        client = await world.welcomed(resume=resume)
        assert not client.welcome["recovered"]


async def test_what_is_older_than_a_quarter_of_an_hour_is_not_replayed() -> None:
    async with a_world() as world:
        world.rings()
        world.time += timedelta(minutes=16)
        world.rings()
        assert not (await world.welcomed(resume={"epoch": "EPOCH", "seq": 0})).welcome["recovered"]
        assert (await world.welcomed(resume={"epoch": "EPOCH", "seq": 1})).welcome["recovered"]


async def test_beyond_the_ring_there_is_a_snapshot() -> None:
    async with a_world() as world:
        for n in range(2_100):
            world.rings("anna", call(n))
        assert not (await world.welcomed(resume={"epoch": "EPOCH", "seq": 10})).welcome["recovered"]
        assert (await world.welcomed(resume={"epoch": "EPOCH", "seq": 1_000})).welcome["recovered"]


async def test_a_change_of_rights_ends_links_and_old_resumes() -> None:
    async with a_world() as world:
        world.rings()
        client = await world.welcomed()
        world.desk.extensions["anna"] = ("105",)
        world.hub.rights_changed("anna")
        assert await client.end() == 4010
        again = await world.welcomed(resume={"epoch": "EPOCH", "seq": 1})
        assert not again.welcome["recovered"]
        assert again.welcome["user"]["extensions"] == ["105"]


async def test_news_of_an_extension_one_had_are_not_replayed() -> None:
    async with a_world() as world:
        await (await world.welcomed("anna")).leave(world)
        world.hub.publish("calls.self", "call.changed", "call", call(1), key="1", login="anna", extension="999")
        world.rings("anna", call(2))
        client = await world.welcomed(resume={"epoch": "EPOCH", "seq": 0})
        assert (await client.hear())["call"]["id"] == "CALL2"


async def test_revoking_a_credential_cuts_just_its_links() -> None:
    async with a_world() as world:
        anna, ben = await world.welcomed("anna"), await world.welcomed("ben")
        world.hub.close(credential="token:anna", code=4500, reason="revoked")
        assert await anna.end() == 4500
        world.rings("ben")
        assert (await ben.hear())["call"]["id"] == "CALL1"


@pytest.mark.parametrize(("who", "protocols", "status"), [
    ("nobody", (wire.PROTOCOL,), 401),
    ("anna", (), 400),
    ("anna", ("ami-bridge.v9",), 400),
])  # fmt: skip
async def test_the_upgrade_is_refused(who: str, protocols: Sequence[str], status: int) -> None:
    async with a_world() as world:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await world.connect(who, protocols)
        assert refused.value.status == status


async def test_who_vanishes_in_the_middle_is_no_fault() -> None:
    """A ping is answered to nobody; that must not look like a bug of ours."""
    async with a_world() as world:
        with structlog.testing.capture_logs() as logs:
            for _ in range(20):
                client = await world.welcomed()
                await client.socket.ping()
                transport = client.socket._response.connection.transport  # type: ignore[union-attr]
                transport.abort()  # type: ignore[union-attr]
            async with asyncio.timeout(SOON):
                while world.hub.links():
                    await asyncio.sleep(0.001)
        assert logs == []


async def test_a_token_without_the_scope_may_not_listen() -> None:
    async with a_world() as world:
        world.guard.scopes = frozenset({"dial"})
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await world.connect()
        assert refused.value.status == 403


@pytest.mark.parametrize(
    "first",
    ["junk", "[]", '{"type":"request","id":"1","op":"resync"}', '{"type":"tick"}', '{"type":"hello","topics":5}'],
)
async def test_a_wrong_first_message_ends_the_link(first: str) -> None:
    async with a_world() as world:
        client = await world.connect()
        await client.socket.send_str(first)
        assert await client.end() == 4501


async def test_no_hello_ends_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ami_bridge.web.socket.HELLO_WITHIN", 0.05)
    async with a_world() as world:
        client = await world.connect()
        assert await client.end() == 4504


async def test_wrong_requests_are_answered_and_the_link_lives() -> None:
    async with a_world() as world:
        client = await world.welcomed()
        await client.say(type="request", id="1", op="call.explode")
        assert (await client.hear())["error"]["code"] == "unknown_op"
        await client.say(type="request", id="2", op=5)
        answer = await client.hear()
        assert (answer["id"], answer["error"]["code"]) == ("2", "bad_request")
        await client.say(type="request", id="3", op="subscribe", params={"topics": "calls.self"})
        assert (await client.hear())["error"]["code"] == "bad_request"
        await client.say(type="request", id="4", op="resync")
        heard = [await client.hear() for _ in range(3)]
        assert {one["type"] for one in heard} == {"snapshot", "response"}
        world.rings()
        assert (await client.hear())["call"]["id"] == "CALL1"


async def test_topics_can_be_left_and_joined() -> None:
    async with a_world() as world:
        client = await world.welcomed()
        await client.say(type="request", id="1", op="unsubscribe", params={"topics": ["calls.self", "bridge"]})
        assert (await client.hear())["result"]["topics"] == ["bridge"]
        world.rings("anna", call(1))
        world.desk.now_calls["anna"] = (call(1),)
        await client.say(type="request", id="2", op="subscribe", params={"topics": ["calls.self", "alarms"]})
        snapshot, answer = await client.hear(), await client.hear()
        assert snapshot["calls"][0]["id"] == "CALL1"
        assert answer["result"] == {"topics": ["bridge", "calls.self"], "refused": ["alarms"]}
        world.rings("anna", call(2))
        assert (await client.hear())["call"]["id"] == "CALL2"


@pytest.mark.parametrize("junk", ["{", "\u0000", "[1,2"])
async def test_unreadable_json_ends_the_link(junk: str) -> None:
    async with a_world() as world:
        client = await world.welcomed()
        await client.socket.send_str(junk)
        assert await client.end() == 4501


async def test_bytes_and_too_long_messages_end_the_link() -> None:
    async with a_world() as world:
        client = await world.welcomed()
        await client.socket.send_bytes(b"\x00")
        assert await client.end() == 4501
        client = await world.welcomed()
        await client.socket.send_str("x" * 70_000)
        assert await client.end() == 1009


async def test_too_many_requests_are_refused_then_cut() -> None:
    async with a_world() as world:
        client = await world.welcomed()
        for n in range(60):
            await client.say(type="request", id=str(n), op="nothing")
        codes = [(await client.hear())["error"]["code"] for _ in range(60)]
        assert codes.count("rate_limited") >= 20
        for n in range(500):
            await client.say(type="request", id=str(n), op="nothing")
        assert await client.end() == 4501


async def test_a_person_has_a_limited_number_of_links() -> None:
    async with a_world() as world:
        links = [await world.welcomed() for _ in range(20)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await world.connect()
        assert refused.value.status == 429
        await links[0].socket.close()
        assert (await world.welcomed("ben")).welcome["recovered"] is False


async def test_who_never_says_hello_counts_too() -> None:
    async with a_world() as world:
        silent = [await world.connect() for _ in range(20)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await world.connect()
        assert refused.value.status == 429
        silent.append(await world.connect("ben"))
        await silent[0].socket.close()
        async with asyncio.timeout(SOON):
            while True:
                try:
                    silent.append(await world.connect())
                except aiohttp.WSServerHandshakeError:
                    await asyncio.sleep(0.01)
                else:
                    break


async def test_a_link_ends_with_its_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ami_bridge.web.socket.LOOK_AT_CLOCK_EVERY", 0.01)
    async with a_world() as world:
        world.guard.expires = START + timedelta(hours=12)
        client = await world.welcomed()
        world.time = START + timedelta(hours=11, minutes=59)
        world.rings()
        assert (await client.hear())["type"] == "event"
        world.guard.over = True
        world.time = START + timedelta(hours=12)
        assert await client.end() == 4001


async def test_a_session_that_was_renewed_elsewhere_keeps_its_links(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ami_bridge.web.socket.LOOK_AT_CLOCK_EVERY", 0.01)
    async with a_world() as world:
        world.guard.expires = START + timedelta(hours=12)
        client = await world.welcomed()
        world.guard.expires = START + timedelta(hours=20)
        world.time = START + timedelta(hours=13)
        await asyncio.sleep(0.05)
        world.rings()
        assert (await client.hear())["type"] == "event"
        world.guard.over = True
        await asyncio.sleep(0.05)
        world.rings()
        assert (await client.hear())["type"] == "event"  # it holds until 20 o'clock, and asking is a use: not asked
        world.time = START + timedelta(hours=21)
        assert await client.end() == 4001


async def test_seq_never_runs_backwards_whatever_is_asked_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests while news wait: the snapshot contains its topic's news, those of others come before it."""
    monkeypatch.setattr("ami_bridge.web.socket.REQUESTS_PER_SECOND", 100)
    async with a_world() as world:
        client = await world.welcomed()
        last = client.welcome["seq"]
        expected: list[int] = []  # what the client must be told of the other topic, one by one or in a snapshot
        asked = {
            0: ("resync", {}),
            1: ("unsubscribe", {"topics": ["calls.self"]}),
            2: ("subscribe", {"topics": ["calls.self"]}),
        }
        for turn in range(60):
            op, params = asked[turn % 3]
            await client.say(type="request", id=str(turn), op=op, params=params)
            for n in range(30):
                world.rings("anna", call(n, rev=turn, name="y" * 2_000))
                bridge = wire.Bridge(pbx="rathaus", ami="down", since=START)
                world.hub.publish("bridge", "bridge.changed", "bridge", bridge, key=f"bridge {turn} {n}")
                expected.append(world.hub.seq)
            await asyncio.sleep(0.001)
            while (heard := await client.hear())["type"] != "response":
                assert heard["prev"] == last, (turn, heard["type"])
                assert heard["seq"] > last or heard["type"] == "snapshot", (turn, heard["seq"], last)
                assert heard["seq"] >= last
                last = heard["seq"]
                if heard["topic"] == "bridge" and heard["type"] == "event":
                    assert expected.pop(0) == last  # nothing of the other topic was swallowed
                elif heard["topic"] == "bridge":
                    expected = [seq for seq in expected if seq > last]
            assert heard["ok"], heard


async def test_a_topic_that_was_not_followed_before_comes_with_its_state() -> None:
    async with a_world() as world:
        world.desk.now_calls["anna"] = (call(7),)
        await (await world.welcomed(topics=[])).leave(world)
        world.rings("anna", call(8))
        client = await world.welcomed(resume={"epoch": "EPOCH", "seq": 0})
        assert client.welcome["recovered"]
        state = await client.hear()
        assert (state["type"], state["topic"], state["calls"][0]["id"]) == ("snapshot", "calls.self", "CALL7")
        assert state["prev"] == 0
        world.rings("anna", call(9))
        news = await client.hear()
        assert (news["call"]["id"], news["prev"]) == ("CALL9", state["seq"])


async def test_an_idle_link_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ami_bridge.web.link.TICK_EVERY", 0.05)
    async with a_world() as world:
        client = await world.welcomed()
        tick = await client.hear()
        assert tick == {"type": "tick", "seq": client.welcome["seq"], "prev": client.welcome["seq"]}
        world.rings()
        while (heard := await client.hear())["type"] == "tick":
            pass
        assert heard["prev"] == tick["seq"]


async def test_who_does_not_read_is_cut_and_delays_nobody() -> None:
    """A raw socket with a tiny buffer, beside a client that reads."""
    async with a_world() as world:
        stuck = sockets.socket()
        stuck.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        stuck.settimeout(0)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(stuck, ("127.0.0.1", world.port))
        await loop.sock_sendall(
            stuck,
            b"GET /api/v1/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: ami-bridge.v1\r\nAuthorization: Bearer anna\r\n\r\n",
        )
        hello = b'{"type":"hello"}'
        await loop.sock_sendall(stuck, bytes([0x81, 0x80 | len(hello), 0, 0, 0, 0]) + hello)
        healthy = await world.welcomed("anna")
        async with asyncio.timeout(SOON):
            while len(world.hub.links("anna")) < 2:
                await asyncio.sleep(0.01)
        sent = 0
        async with asyncio.timeout(30):
            while len(world.hub.links("anna")) == 2:
                for _ in range(500):
                    sent += 1
                    world.rings("anna", call(sent, name="x" * 500))
                for _ in range(500):
                    await healthy.hear()
        assert len(world.hub.links("anna")) == 1
        stuck.close()


async def test_what_a_slow_client_missed_is_merged_and_the_chain_holds() -> None:
    """Parked news of one call become one, its newest, and `prev` still tells the truth."""
    async with a_world() as world:
        client = await world.welcomed()
        last = client.welcome["seq"]
        for rev in range(5_000):
            world.rings("anna", call(rev % 20, rev=rev, name="y" * 3_000))
        newest: dict[str, int] = {}
        while newest.get("CALL19") != 4_999:
            news = await client.hear()
            assert news["prev"] == last
            last = news["seq"]
            assert newest.get(news["call"]["id"], -1) < news["call"]["rev"]
            newest[news["call"]["id"]] = news["call"]["rev"]
        assert sorted(newest.values()) == list(range(4_980, 5_000))


async def test_who_is_in_two_groups_gets_the_newest_of_a_call_in_each_however_slow() -> None:
    groups = ["calls.dept:a", "calls.dept:b"]
    async with a_world() as world:
        client = await world.welcomed(topics=groups)
        for rev in range(3_000):
            for topic in groups:
                world.rings("anna", call(0, rev=rev, name="y" * 3_000), topic)
        for number in range(1, 100):
            world.rings("anna", call(number), groups[-1])
        while world.hub.under_way("anna"):
            await asyncio.sleep(0.001)
        newest: dict[tuple[str, str], int] = {}
        while (groups[-1], "CALL99") not in newest:
            news = await client.hear()
            newest[news["topic"], news["call"]["id"]] = news["call"]["rev"]
        assert {newest[topic, "CALL0"] for topic in groups} == {2_999}


async def test_what_is_asked_for_is_done_and_answered() -> None:
    async with a_world() as world:
        world.guard.scopes = frozenset({"events", "dial"})
        client = await world.welcomed()
        await client.say(type="request", id="1", op="door.open", params={"wide": 3}, key="k")
        assert await client.hear() == {"type": "response", "id": "1", "ok": True, "result": {"wide": 3}}
        assert (world.door.opened[0].login, world.door.opened[0].key) == ("anna", "k")


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"op": "door.open", "params": {"wide": 3}}, "bad_request"),
        ({"op": "door.open", "params": {"wide": 3}, "key": "k" * 101}, "bad_request"),
        ({"op": "door.open", "params": {"wide": "x"}, "key": "k"}, "bad_request"),
        ({"op": "door.break"}, "internal"),
        ({"op": "door.none"}, "unknown_op"),
    ],
)
async def test_what_cannot_be_done_gets_one_error_and_the_link_lives(request_: dict[str, Any], code: str) -> None:
    async with a_world() as world:
        world.guard.scopes = frozenset({"events", "dial"})
        client = await world.welcomed()
        await client.say(type="request", id="1", **request_)
        answer = await client.hear()
        assert (answer["ok"], answer["error"]["code"]) == (False, code)
        world.rings()
        assert (await client.hear())["type"] == "event"


async def test_a_token_does_only_what_it_is_good_for() -> None:
    async with a_world() as world:
        client = await world.welcomed()
        await client.say(type="request", id="1", op="door.open", params={"wide": 3}, key="k")
        assert (await client.hear())["error"]["code"] == "not_allowed"
        assert world.door.opened == []


async def test_what_takes_a_while_delays_neither_news_nor_other_answers() -> None:
    async with a_world() as world:
        client = await world.welcomed()
        await client.say(type="request", id="1", op="door.wait")
        await client.say(type="request", id="1", op="door.wait")
        assert (await client.hear())["error"]["code"] == "bad_request", "the same id is under way"
        for number in range(2, 10):
            await client.say(type="request", id=str(number), op="door.wait")
        assert (await client.hear())["error"]["code"] == "rate_limited", "the ninth"
        world.rings()
        assert (await client.hear())["type"] == "event"
        world.door.bell.set()
        assert {(await client.hear())["id"] for _ in range(8)} == {str(number) for number in range(1, 9)}


async def test_who_goes_leaves_nothing_under_way() -> None:
    async with a_world() as world:
        client = await world.welcomed()
        await client.say(type="request", id="1", op="door.wait")
        async with asyncio.timeout(SOON):
            while world.door.begun == 0:
                await asyncio.sleep(0.001)
        await client.leave(world)
