"""Sitting down and getting up, over HTTP and across restarts."""

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from aiohttp import ClientSession
from msgspec import structs

from ami_bridge.config import Seat, Web
from ami_bridge.db.database import Database
from ami_bridge.errors import NotAllowedError, NotFoundError, NotReachableError, UnauthorisedError
from ami_bridge.people.model import People, Person, Seating
from ami_bridge.people.seat_routes import SeatRoutes
from ami_bridge.people.seats import SITS, Seats
from ami_bridge.people.store import SeatStore
from ami_bridge.web.identity import Identity
from ami_bridge.web.server import serve
from tests.empty import empty_database
from tests.people.conftest import Clock

ANNA = Person(login="anna", name="Anna", extensions=("101",), department="Bürgerbüro")
BEN = Person(login="ben", name="Ben", extensions=("102", "105"), groups=("Bauamt",))
SEATS = (
    Seat(id="s1", label="Schalter 1", extension="150", hosts=["thin-1", "10.0.0.1"]),
    Seat(id="s2", extension="105"),
    Seat(id="bau", label="Bau", extension="160", hosts=["thin-3"], allow=["group:Bauamt"]),
)


class World:
    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = Clock()
        self.people = People([ANNA, BEN])
        self.moved: list[set[str]] = []
        self.configured: tuple[Seat, ...] = SEATS
        self.start()

    def start(self) -> None:
        self.seats = Seats(
            seats=self.configured, store=SeatStore(self.db), people=self.people, now=self.clock, moved=self._note
        )

    def _note(self, logins: Collection[str]) -> None:
        self.moved.append(set(logins))

    async def restart(self, persons: Collection[Person] = (ANNA, BEN)) -> None:
        self.people = People(persons)
        self.start()
        await self.seats.load()

    def has(self, login: str) -> tuple[str, ...]:
        person = self.people.by_login(login)
        assert person is not None
        return person.extensions

    def who(self, extension: str) -> set[str]:
        return {person.login for person in self.people.by_extension(extension)}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with empty_database(tmp_path / "bridge.sqlite") as db:
        yield World(db)


async def test_who_sits_has_the_seats_telephone_first_and_keeps_their_own(world: World) -> None:
    await world.seats.sit("anna", "s1")
    assert (world.has("anna"), world.who("150"), world.who("101")) == (("150", "101"), {"anna"}, {"anna"})
    assert world.people.seated().keys() == {"150"}
    assert [person.extensions for person in world.people.all()] == [("101",), ("102", "105")], "the staff book's"
    assert world.moved == [{"anna"}]
    await world.seats.leave("anna")
    assert (world.has("anna"), world.who("150"), world.people.seated()) == (("101",), set(), {})
    await world.seats.leave("anna")
    assert world.moved == [{"anna"}, {"anna"}]


async def test_ones_own_extension_is_not_had_twice(world: World) -> None:
    await world.seats.sit("ben", "s2")
    assert world.has("ben") == ("105", "102")
    await world.seats.sit("anna", "s2")
    assert (world.has("ben"), world.has("anna")) == (("102", "105"), ("105", "101"))
    assert world.who("105") == {"anna", "ben"}
    assert world.people.seated()["105"].login == "anna"


async def test_who_comes_later_takes_the_seat_and_one_sits_at_one_place_only(world: World) -> None:
    await world.seats.sit("anna", "s1")
    await world.seats.sit("ben", "s1")
    assert (world.has("anna"), world.has("ben")) == (("101",), ("150", "102", "105"))
    assert world.moved[-1] == {"anna", "ben"}
    await world.seats.sit("ben", "bau")
    assert (world.who("150"), world.who("160")) == (set(), {"ben"})
    assert world.moved[-1] == {"ben"}


async def test_many_at_once_leave_one_at_the_seat(world: World) -> None:
    persons = [Person(login=f"p{n}", name="P", extensions=(f"2{n:02}",)) for n in range(20)]
    world.people.replace(persons)
    await asyncio.gather(*(world.seats.sit(person.login, "s1") for person in persons))
    (there,) = world.people.by_extension("150")
    (kept,) = await SeatStore(world.db).seatings()
    assert kept.login == there.login


async def test_a_seat_outlives_the_daemon_and_not_the_day(world: World) -> None:
    await world.seats.sit("anna", "s1")
    world.clock.forward(hours=11)
    await world.restart()
    assert world.has("anna") == ("150", "101")
    await world.seats.look()
    assert world.has("anna") == ("150", "101")
    world.clock.forward(hours=1)
    await world.seats.look()
    assert (world.has("anna"), world.moved[-1]) == (("101",), {"anna"})
    assert await SeatStore(world.db).seatings() == []
    await world.seats.sit("anna", "s1")
    world.clock.forward(hours=13)
    await world.restart()
    assert world.has("anna") == ("101",), "the day was over while nobody looked"


async def test_a_seat_that_is_not_configured_any_more_is_nobodys(world: World) -> None:
    await world.seats.sit("anna", "s1")
    world.configured = SEATS[1:]
    await world.restart()
    assert world.has("anna") == ("101",)


async def test_who_may_not_sit_there_any_more_has_lost_the_seat_with_the_restart(world: World) -> None:
    await world.seats.sit("anna", "s1")
    await world.seats.sit("ben", "bau")
    world.configured = (structs.replace(SEATS[0], allow=["group:Bauamt"]), *SEATS[1:])
    await world.restart()
    assert (world.has("anna"), world.has("ben")) == (("101",), ("160", "102", "105"))
    assert [one.id for one in world.seats.shown("anna")] == ["s2"]


async def test_a_staff_book_that_is_late_costs_nobody_the_seat(world: World) -> None:
    await world.seats.sit("anna", "s1")
    await world.restart([])
    world.people.replace([ANNA, BEN])
    assert world.has("anna") == ("150", "101")


async def test_who_is_gone_or_moved_loses_the_seat(world: World) -> None:
    await world.seats.sit("ben", "bau")
    await world.seats.sit("anna", "s1")
    changed = world.people.replace([ANNA, structs.replace(BEN, groups=("Bauhof",))])
    await world.seats.review(changed)
    assert (world.has("ben"), world.has("anna")) == (("102", "105"), ("150", "101"))
    await world.seats.review(world.people.replace([BEN]))
    assert world.who("150") == set()
    assert await SeatStore(world.db).seatings() == []


async def test_nobody_sits_where_they_may_not(world: World) -> None:
    with pytest.raises(NotAllowedError):
        await world.seats.sit("anna", "bau")
    with pytest.raises(NotFoundError):
        await world.seats.sit("anna", "S1")
    with pytest.raises(UnauthorisedError):
        await world.seats.sit("nobody", "s1")
    assert [one.id for one in world.seats.shown("anna")] == ["s1", "s2"]
    assert [one.id for one in world.seats.shown("ben")] == ["s1", "s2", "bau"]
    assert world.moved == []


def at(login: str, host: str | None, *scopes: str) -> Identity:
    return Identity(
        login=login,
        credential="token:1",
        scopes=frozenset(scopes or ("events", "dial")),
        expires=Clock().now,
        host=host,
    )


async def test_who_begins_at_a_machine_sits_where_it_stands(world: World) -> None:
    await world.seats.arrived(at("anna", "THIN-1"))
    assert world.has("anna") == ("150", "101")
    await world.seats.arrived(at("ben", "10.0.0.1"))
    assert world.who("150") == {"ben"}
    for elsewhere in (at("anna", None), at("anna", ""), at("anna", "thin"), at("anna", "thin-3"), at("x", "thin-1")):
        await world.seats.arrived(elsewhere)
    await world.seats.arrived(at("anna", "thin-1", "events"))
    assert world.who("150") == {"ben"}, "a token that may not dial takes no telephone"


async def test_beginning_again_at_the_same_seat_disturbs_nobody_and_lasts_longer(world: World) -> None:
    await world.seats.sit("anna", "s1")
    world.clock.forward(hours=10)
    await world.seats.arrived(at("anna", "thin-1"))
    assert world.moved == [{"anna"}]
    assert world.seats.shown("anna")[0].until == world.clock.now + SITS


class Away:
    async def seatings(self) -> list[Seating]:
        return []

    async def sit(self, seating: Seating) -> None:  # noqa: ARG002
        raise NotReachableError("the disk is full")

    async def leave(self, logins: Collection[str]) -> None:  # noqa: ARG002
        raise NotReachableError("the disk is full")


async def test_a_database_that_is_away_costs_the_seat_and_not_the_sign_in(world: World) -> None:
    seats = Seats(seats=SEATS, store=Away(), people=world.people, now=world.clock, moved=world._note)
    with structlog.testing.capture_logs() as logs:
        await seats.arrived(at("anna", "thin-1"))
    assert [one["event"] for one in logs] == ["people.seat_not_taken"]
    with pytest.raises(NotReachableError):
        await seats.sit("anna", "s1")
    assert (world.has("anna"), world.moved) == (("101",), [])


async def test_the_log_names_seats_and_nobody(world: World) -> None:
    with structlog.testing.capture_logs() as logs:
        await world.seats.sit("anna", "s1")
        await world.seats.leave("anna")
    assert [(one["event"], one["seat"]) for one in logs] == [("people.seat_taken", "s1"), ("people.seat_left", "s1")]
    assert "anna" not in str(logs)


# ---- HTTP


class GuardForTest:
    """Knows people by what stands in the header: login and scopes."""

    async def identify(self, request: object) -> Identity:
        login, *scopes = request.headers["Authorization"].split()  # type: ignore[attr-defined]
        return at(login, None, *scopes)


@pytest.fixture
async def http(world: World, tmp_path: Path) -> AsyncIterator[ClientSession]:
    routes = SeatRoutes(guard=GuardForTest(), seats=world.seats)
    web = Web(listen="http://127.0.0.1:0")
    async with (
        serve(web, add_routes=[routes.add_to], static=tmp_path) as port,
        ClientSession(f"http://127.0.0.1:{port}") as session,
    ):
        yield session


async def put(http: ClientSession, who: str, body: object) -> tuple[int, dict[str, list[dict[str, object]]]]:
    async with http.put("/api/v1/seat", json=body, headers={"Authorization": who}) as response:
        return response.status, await response.json(content_type=None)


async def test_a_seat_is_taken_and_left_over_http(world: World, http: ClientSession) -> None:
    status, found = await put(http, "anna events dial", {"seat": "s1"})
    assert (status, found["seats"][0]) == (
        200,
        {
            "id": "s1",
            "label": "Schalter 1",
            "extension": "150",
            "taken": True,
            "mine": True,
            "until": (world.clock.now + timedelta(hours=12)).isoformat().replace("+00:00", "Z"),
        },
    )
    async with http.get("/api/v1/seats", headers={"Authorization": "ben events"}) as response:
        seen = (await response.json())["seats"]
    assert [(one["id"], one["label"], one["taken"], one["mine"], one["until"]) for one in seen] == [
        ("s1", "Schalter 1", True, False, None),
        ("s2", "s2", False, False, None),
        ("bau", "Bau", False, False, None),
    ]
    status, found = await put(http, "anna events dial", {"seat": None})
    assert (status, found["seats"][0]["taken"]) == (200, False)


@pytest.mark.parametrize(
    ("who", "body", "status"),
    [
        ("anna events", {"seat": "s1"}, 403),
        ("anna dial", {"seat": "s1"}, 403),
        ("anna events dial", {"seat": "bau"}, 403),
        ("anna events dial", {"seat": "nowhere"}, 404),
        ("anna events dial", {"seat": "x" * 101}, 400),
        ("anna events dial", {"seat": 1}, 400),
        ("anna events dial", {}, 400),
        ("anna events dial", {"seat": "s1", "login": "ben"}, 400),
        ("nobody events dial", {"seat": "s1"}, 401),
    ],
)
async def test_a_wish_for_a_seat_that_cannot_be_had(
    world: World, http: ClientSession, who: str, body: object, status: int
) -> None:
    assert (await put(http, who, body))[0] == status
    assert world.moved == []
