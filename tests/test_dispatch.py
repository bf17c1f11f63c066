"""From Asterisk's message to what people see: in order, at once, and one bug costs one event."""

import ast
import asyncio
import inspect
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from ami_bridge import dispatch as module
from ami_bridge import wire
from ami_bridge.asterisk.snapshot import Picture
from ami_bridge.asterisk.translate import Headers
from ami_bridge.calls.board import Board
from ami_bridge.calls.bubble import Bubbles
from ami_bridge.calls.desk import Desk
from ami_bridge.calls.events import Floor
from ami_bridge.config import Site
from ami_bridge.contacts.directory import Directory
from ami_bridge.dispatch import Dispatch
from ami_bridge.journal.model import JournalRow
from ami_bridge.numbers import Numbers
from ami_bridge.people.model import People, Person
from tests.fakes.asterisk import channel_block

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HINTS: dict[str, tuple[str, ...]] = {"101": ("PJSIP/101",), "102": ("PJSIP/102",)}
EMPTY = Picture(floor=Floor(legs=(), hints=HINTS))
FROM_ANNA = channel_block("1.1", "PJSIP/101-01", state="Ring", number="101", connected="102", exten="102")
TO_BEN = channel_block("1.2", "PJSIP/102-02", state="Ringing", number="102", connected="101", linkedid="1.1")
DIALS: Headers = {"Event": "DialBegin", **FROM_ANNA, **{f"Dest{name}": value for name, value in TO_BEN.items()}}
RINGS: Headers = {"Event": "Newstate", **TO_BEN}
HANGS_UP: list[Headers] = [{"Event": "Hangup", **block, "Cause": "16"} for block in (TO_BEN, FROM_ANNA)]
POISON: Headers = {"Event": "Hold", **channel_block("6.66", "PJSIP/101-66", state="Up", number="101")}


class Hub:
    """Remembers what was published, in words."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.results: list[str] = []

    def publish(
        self,
        topic: str,
        event: str,  # noqa: ARG002 - the hub's signature
        kind: str,  # noqa: ARG002
        body: wire.Call | wire.Bridge,
        *,
        key: str,  # noqa: ARG002
        login: str | None = None,
        extension: str | None = None,  # noqa: ARG002
    ) -> None:
        state = body.state if isinstance(body, wire.Call) else body.ami
        if isinstance(body, wire.Call) and body.result:
            self.results.append(body.result)
        self.told.append(f"{login or topic} {state}")


class Journal:
    def __init__(self) -> None:
        self.rows: list[str] = []

    def notice(self, row: JournalRow) -> None:
        self.rows.append(f"{row.extension} {row.result}")

    def reached(self, row: JournalRow) -> None:
        assert row.role == "caller"

    def take_back(self, row: JournalRow) -> None:
        raise AssertionError(row)


class BoardWithABug(Board):
    """Stumbles over one leg."""

    def apply(self, event: object, now: datetime) -> list[object]:  # type: ignore[override]
        if getattr(getattr(event, "leg", None), "id", None) == "6.66":
            raise ZeroDivisionError
        return super().apply(event, now)  # type: ignore[arg-type,return-value]


class World:
    def __init__(self) -> None:
        self.time = NOON
        self.hub, self.journal = Hub(), Journal()
        self.ids = 0
        self.board = BoardWithABug("town", hints_context="hints", new_id=self._new_id)
        people = People(
            [
                Person(login="anna", name="Anna", extensions=("101",)),
                Person(login="ben", name="Ben", extensions=("102",)),
            ]
        )
        bubbles = Bubbles(numbers=Numbers(Site()), names=Directory({}), lines={})
        self.desk = Desk(
            board=self.board, bubbles=bubbles, people=people, hub=self.hub, journal=self.journal, now=self.now
        )
        self.dispatch = Dispatch(board=self.board, desk=self.desk, now=self.now)

    def now(self) -> datetime:
        self.time += timedelta(milliseconds=1)
        return self.time

    def _new_id(self, _now: datetime) -> str:
        self.ids += 1
        return f"CALL{self.ids}"

    def told(self) -> list[str]:
        told, self.hub.told = self.hub.told, []
        return told


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def live(world: World) -> World:
    world.dispatch.go_live(EMPTY)
    assert world.told() == ["bridge up"]
    return world


def test_an_event_is_on_its_way_to_the_clients_when_handle_returns(live: World) -> None:
    live.dispatch.handle(DIALS)
    live.dispatch.handle(RINGS)
    told = live.told()
    assert "anna dialing" in told
    assert "ben ringing" in told


def test_before_the_state_is_read_events_wait(world: World) -> None:
    world.dispatch.handle(DIALS)
    world.dispatch.handle(RINGS)
    assert world.told() == []
    world.dispatch.go_live(EMPTY)
    told = world.told()
    assert told[0] == "bridge up"
    assert "ben ringing" in told
    assert world.dispatch.go_live(EMPTY) == 2  # Asterisk knows nothing of them: they are over
    assert sorted(world.told()) == ["anna ended", "ben ended"]


def test_while_it_is_read_again_events_wait_too(live: World) -> None:
    live.dispatch.hold()
    live.dispatch.handle(DIALS)
    assert live.told() == []
    live.dispatch.go_live(EMPTY)
    assert "anna dialing" in live.told()


def test_what_waited_and_is_in_the_state_already_counts_once(live: World) -> None:
    live.dispatch.handle(DIALS)
    live.dispatch.handle(RINGS)
    before = live.desk.calls("ben")
    live.dispatch.hold()
    live.dispatch.handle(RINGS)
    for message in HANGS_UP:
        live.dispatch.handle(message)
    live.told()
    live.dispatch.go_live(EMPTY)  # both legs are gone from the state, and their hang-ups wait
    assert sorted(live.told()) == ["anna ended", "ben ended"]
    assert len(before) == 1
    assert live.board.views(["101", "102"]) == []
    assert live.journal.rows == []  # nobody saw how they ended, so nothing is invented


def test_a_bug_in_one_event_that_waited_costs_only_that_event(world: World) -> None:
    for message in (DIALS, POISON, RINGS):
        world.dispatch.handle(message)
    with capture_logs() as logs:
        world.dispatch.go_live(EMPTY)
    assert "ben ringing" in world.told()
    assert [(one["event"], one["pbx"]) for one in logs] == [("dispatch.event_failed", "town")]
    assert not any("101" in str(value) for one in logs for value in one.values())


def test_a_bug_in_a_live_event_is_the_links_to_tell_and_the_next_event_is_served(live: World) -> None:
    with pytest.raises(ZeroDivisionError):
        live.dispatch.handle(POISON)
    live.dispatch.handle(DIALS)
    assert "anna dialing" in live.told()


def test_a_lost_link_is_told_to_everybody_once_and_old_events_are_forgotten(live: World) -> None:
    live.dispatch.handle(DIALS)
    live.told()
    live.dispatch.lost()
    live.dispatch.lost()
    assert live.told() == ["bridge down", "anna dialing", "ben ringing"], "their buttons go with the link"
    live.dispatch.handle(RINGS)  # the next connection's first event, before its state is read
    assert live.told() == []
    live.dispatch.lost()
    live.dispatch.go_live(EMPTY)
    told = live.told()
    assert "bridge up" in told
    assert "ben ringing" not in told


def test_calls_stay_on_the_screens_while_the_link_is_lost_and_end_when_the_pbx_began_anew(live: World) -> None:
    live.dispatch.handle(DIALS)
    live.dispatch.handle(RINGS)
    live.dispatch.lost()
    assert len(live.desk.calls("ben")) == 1
    live.told()
    live.dispatch.restarted()
    assert sorted(live.told()) == ["anna ended", "ben ended"]
    assert live.desk.calls("ben") == ()


def test_what_says_nothing_to_us_changes_nothing(live: World) -> None:
    silent: list[Headers] = [{"Event": "FullyBooted"}, {"Event": "Newstate"}, {"Event": "DialBegin", "Uniqueid": "5"}]
    for message in silent:
        live.dispatch.handle(message)
    assert live.told() == []


def test_nothing_between_asterisk_and_the_clients_queue_can_wait() -> None:
    """No `async`, no `await` on the whole way; a wait for a disk would be a wait for every bubble."""
    for part in (module, inspect.getmodule(Board), inspect.getmodule(Bubbles), inspect.getmodule(Desk)):
        assert part is not None
        tree = ast.parse(inspect.getsource(part))
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef | ast.Await)]


@pytest.mark.parametrize(("rings", "last"), [(True, "busy"), (False, "failed")])
async def test_the_news_that_nothing_rang_may_overtake_what_happened(live: World, rings: bool, last: str) -> None:  # noqa: FBT001
    live.desk.show(live.board.expect("OURS", extension="101", number="102", outside=False, now=live.now()))
    live.dispatch.handle({"Event": "OriginateResponse", "Response": "Failure", "Uniqueid": "OURS", "Reason": "0"})
    assert "anna ended" not in live.told()
    if rings:
        own = channel_block("OURS", "PJSIP/101-07", state="Down", number="101", connected="102")
        live.dispatch.handle({"Event": "Newchannel", **own})
        live.dispatch.handle({"Event": "Hangup", **own, "Cause": "17", "TechCause": "486"})
    async with asyncio.timeout(5):
        while "anna ended" not in live.told():
            await asyncio.sleep(0.01)
    assert live.hub.results == [last]
