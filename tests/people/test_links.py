"""What happens to live websockets when a right changes: of 120 clients exactly those are cut that must be."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Collection, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog
from msgspec import structs

from ami_bridge import wire
from ami_bridge.compose.contacts import _rights_changed
from ami_bridge.config import Seat, Web
from ami_bridge.people import access
from ami_bridge.people.access import Access
from ami_bridge.people.model import People, Person, user_of
from ami_bridge.people.routes import PeopleRoutes
from ami_bridge.people.seats import Seats
from ami_bridge.people.signin import SignIn
from ami_bridge.people.store import CredentialStore, SeatStore
from ami_bridge.web.hub import Hub
from ami_bridge.web.identity import Doorway
from ami_bridge.web.ops import Ops
from ami_bridge.web.server import serve
from ami_bridge.web.socket import Sockets
from tests.empty import empty_database
from tests.limits import allowed
from tests.people.conftest import Clock, FakeGroupware

SOON = 10.0
PERSONS = 40
EACH = 3
"""Clients of one person, each with a token of its own."""
NOW = Clock().now


class Desk:
    """Nobody is called here."""

    def __init__(self, people: People) -> None:
        self._people = people

    def user(self, login: str) -> wire.User | None:
        person = self._people.by_login(login)
        return None if person is None else user_of(person)

    def capabilities(self, login: str) -> Sequence[str]:  # noqa: ARG002
        return ()

    def may_follow(self, login: str, topic: str) -> bool:
        return topic == "calls.self" and self._people.by_login(login) is not None

    def snapshot(self, login: str, topic: str, *, seq: int) -> wire.Snapshot:  # noqa: ARG002
        return wire.Snapshot(topic=topic, seq=seq, prev=seq, calls=())


class House:
    """The real door, the real hub, real tokens."""

    def __init__(self, store: CredentialStore, seats: SeatStore) -> None:
        self.clock = Clock()
        self.hub = Hub(epoch="01", now=self.clock)
        self.staff = [
            Person(login=f"p{n:02}", name=f"P{n}", extensions=(str(100 + n),), department="Bauamt")
            for n in range(PERSONS)
        ]
        self.people = People(self.staff)
        web = Web(listen="http://127.0.0.1:0")
        doorway = Doorway(web)
        self.access = Access(
            store=store,
            people=self.people,
            doorway=doorway,
            now=self.clock,
            session_hours=12,
            on_revoked=lambda credential: self.hub.close(credential=credential, code=4500, reason="revoked"),
        )
        self.seats = Seats(
            seats=[Seat(id="s1", extension="900", hosts=["thin-1"])],
            store=seats,
            people=self.people,
            now=self.clock,
            moved=self._moved,
        )
        sign_in = SignIn(groupware=FakeGroupware(), people=self.people, now=self.clock, answers_after=0)
        self.routes = PeopleRoutes(access=self.access, sign_in=sign_in, people=self.people, doorway=doorway)
        desk = Desk(self.people)
        self.sockets = Sockets(
            hub=self.hub,
            guard=self.access,
            desk=desk,
            topics=desk,
            ops=Ops({}),
            now=self.clock,
            arrived=self.seats.arrived,
        )
        self.port = 0
        self.session: aiohttp.ClientSession
        self.clients: list[Client] = []

    def _moved(self, logins: Collection[str]) -> None:
        for login in logins:
            self.hub.rights_changed(login)

    async def connect(self, login: str, *, host: str | None = None, secret: str = "", **hello: Any) -> "Client":  # noqa: ANN401 - any JSON
        token = ""
        if not secret:
            made, secret = await self.access.new_token(login, name="desk", host=host, scopes=["events", "dial"])
            token = made.id
        socket = await self.session.ws_connect(
            f"http://127.0.0.1:{self.port}/api/v1/ws",
            protocols=(wire.PROTOCOL,),
            headers={"Authorization": f"Bearer {secret}"},
        )
        await socket.send_json({"type": "hello", **hello})
        client = Client(login, token, secret, socket)
        client.welcome = await client.next()
        self.clients.append(client)
        return client

    async def take(self, staff: Sequence[Person]) -> None:
        """Believe in another staff book, as the daemon does."""

        async def nothing(_logins: Collection[str]) -> None:
            pass

        changed = _rights_changed(
            hub=self.hub,
            access=self.access,
            people=self.people,
            seats=self.seats,
            leaving=(),
            moving=(),
            forget=nothing,
        )
        await changed(self.people.replace(staff))


class Client:
    def __init__(self, login: str, token: str, secret: str, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.login = login
        self.token = token
        self.secret = secret
        self.socket = socket
        self.welcome: dict[str, Any]

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(SOON):
            told: dict[str, Any] = json.loads(await self.socket.receive_str())
        return told

    async def until_closed(self) -> int:
        async with asyncio.timeout(SOON):
            async for _ in self.socket:
                pass
        return self.socket.close_code or 0

    async def hears(self, sentinel: str) -> bool:
        """Whether the sentinel arrives before the end."""
        async with asyncio.timeout(SOON):
            async for message in self.socket:
                if sentinel in message.data:
                    return True
        return False


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with empty_database(tmp_path / "bridge.sqlite") as db, asyncio.TaskGroup() as tasks:
        it = House(CredentialStore(db), SeatStore(db))
        handing = tasks.create_task(it.hub.run())
        routes = [lambda router: router.add_get("/api/v1/ws", it.sockets.handle), it.routes.add_to]
        async with (
            serve(Web(listen="http://127.0.0.1:0"), add_routes=routes, static=tmp_path) as it.port,
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as it.session,
        ):
            yield it
            for client in it.clients:
                await client.socket.close()
        handing.cancel()


async def everybody(house: House) -> list[Client]:
    clients = [await house.connect(person.login) for person in house.staff for _ in range(EACH)]
    assert len(clients) == PERSONS * EACH == len(house.hub.links()) == 120
    return clients


async def cut(house: House, clients: Sequence[Client]) -> set[str]:
    """Tell everybody something; who does not hear it was cut."""
    bridge = wire.Bridge(pbx="sentinel", ami="up", since=NOW)
    house.hub.publish("bridge", "bridge.changed", "bridge", bridge, key="bridge")
    heard = await asyncio.gather(*(client.hears("sentinel") for client in clients))
    return {client.token for client, alive in zip(clients, heard, strict=True) if not alive}


@pytest.mark.alone
async def test_revoking_one_token_of_120_clients_cuts_exactly_that_one_within_a_second(house: House) -> None:
    clients = await everybody(house)
    victim = random.Random(4).choice(clients)  # noqa: S311 - any of them
    loop = asyncio.get_running_loop()
    began = loop.time()
    headers = {"Authorization": f"Bearer {victim.secret}"}
    async with house.session.delete(
        f"http://127.0.0.1:{house.port}/api/v1/tokens/{victim.token}", headers=headers
    ) as response:
        assert response.status == 204
    assert await victim.until_closed() == 4500
    took = loop.time() - began
    print(f"revoked to cut, with 120 clients: {took * 1000:.1f} ms")
    assert took < allowed(1)
    assert await cut(house, clients) == {victim.token}
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await house.connect(victim.login, secret=victim.secret)


async def test_who_leaves_is_cut_for_good_and_who_changes_comes_back(house: House) -> None:
    clients = await everybody(house)
    gone, moved, promoted, renamed = house.staff[:4]
    await house.take(
        [
            structs.replace(moved, department="Bürgerbüro"),
            structs.replace(promoted, roles=("user", "switchboard")),
            structs.replace(renamed, name="Somebody Else"),
            *house.staff[4:],
        ]
    )
    expected = {gone.login: 4500, moved.login: 4010, promoted.login: 4010}
    theirs = [client for client in clients if client.login in expected]
    assert len(theirs) == 3 * EACH
    for client in theirs:
        assert await client.until_closed() == expected[client.login]
    assert await cut(house, clients) == {client.token for client in theirs}
    back = await house.connect(promoted.login, secret=next(c.secret for c in theirs if c.login == promoted.login))
    assert back.welcome["user"]["roles"] == ["user", "switchboard"]
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await house.connect(gone.login, secret=next(c.secret for c in theirs if c.login == gone.login))


async def test_guessing_tokens_gets_nowhere_and_delays_nobody(house: House) -> None:
    client = await house.connect("p00")
    right = client.secret
    chance = random.Random(4)  # noqa: S311 - guesses
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    near = [right[:n] + chance.choice(letters.replace(right[n], "")) + right[n + 1 :] for n in range(5, len(right))]
    known = [client.token, access.hashed(right).hex(), right[:-1], right + "A", right[5:], right.swapcase()]
    blind = ["amib_" + "".join(chance.choices(letters, k=43)) for _ in range(1000)]
    statuses: dict[int, int] = {}
    with structlog.testing.capture_logs() as logs:
        for guess in [*known, *near, *blind]:
            async with house.session.get(
                f"http://127.0.0.1:{house.port}/api/v1/me", headers={"Authorization": f"Bearer {guess}"}
            ) as response:
                statuses[response.status] = statuses.get(response.status, 0) + 1
    guesses = len(known) + len(near) + len(blind)
    assert statuses == {401: access.WRONG_PER_SOURCE, 429: guesses - access.WRONG_PER_SOURCE}
    assert [one["event"] for one in logs] == ["people.guessing"]
    async with house.session.get(
        f"http://127.0.0.1:{house.port}/api/v1/me", headers={"Authorization": f"Bearer {right}"}
    ) as response:
        assert response.status == 200, "who is right is let in from there too"
    assert await cut(house, [client]) == set()


async def test_who_begins_at_a_seats_machine_sits_there_and_who_only_comes_back_does_not(house: House) -> None:
    elsewhere = await house.connect("p01", host="home")
    assert elsewhere.welcome["user"]["extensions"] == ["101"]
    first = await house.connect("p01", host="THIN-1")
    assert first.welcome["user"]["extensions"] == ["900", "101"]
    assert await elsewhere.until_closed() == 4010, "their other clients come back with the seat"
    second = await house.connect("p02", host="thin-1")
    assert second.welcome["user"]["extensions"] == ["900", "102"]
    assert await first.until_closed() == 4010
    resume = {"epoch": house.hub.epoch, "seq": first.welcome["seq"]}
    again = await house.connect("p01", secret=first.secret, resume=resume)
    assert again.welcome["user"]["extensions"] == ["101"], "a broken line is no arrival"
    assert not again.welcome["recovered"]
    assert await cut(house, [second]) == set()
