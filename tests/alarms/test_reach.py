"""A test alarm calls everybody on the list by the engine's own way, and its report is exact: silence is not reached."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ami_bridge.alarms import acts, reach
from ami_bridge.alarms.model import Alarm, Attempt, By
from ami_bridge.alarms.ports import AlarmCall
from ami_bridge.alarms.reach import Test as Trial
from ami_bridge.alarms.reach import report, unreached_again
from ami_bridge.alarms.reach_store import ReachStore
from ami_bridge.alarms.store import Change
from ami_bridge.alarms.tests_reach import Tests as Trials
from ami_bridge.alarms.tests_reach import Wish
from ami_bridge.alarms.weekly import Regular, last_due, read_at
from ami_bridge.db.database import Database
from ami_bridge.errors import BadRequestError, BusyError, NotReachableError
from ami_bridge.people.model import People, Person
from tests.alarms.world import CLASSES, NOON, STAFF, World, world_of
from tests.empty import empty_database

BERLIN = ZoneInfo("Europe/Berlin")
SILENT = Person(login="sven", name="Sven Still", roles=("user", "plant"))


class Town:
    """Core's world, with tests."""

    def __init__(self, world: World, db: Database) -> None:
        self.world = world
        self.told: list[str] = []
        self.wrongs: dict[str, str] = {}
        self.mail_is_away = False
        self.db = db
        self.trials = self.after_a_restart()

    def after_a_restart(self) -> Trials:
        return Trials(
            store=ReachStore(self.db), takes=self.world.intake, people=People((*STAFF, SILENT)),
            person=self.world.rules.person, everyone=("role:plant", "anna"), tell=self._tell, new_id=self.world.id,
            now=self.world.clock,
        )  # fmt: skip

    async def _tell(self, _test: Trial, text: str) -> None:
        if self.mail_is_away:
            raise NotReachableError("no mail")
        self.told.append(text)

    async def wrong(self, key: str, text: str, *, point: str) -> None:
        assert point == "test"
        self.wrongs[key] = text

    async def fine(self, key: str, *, point: str) -> None:
        assert point == "test"
        self.wrongs.pop(key, None)

    async def turn(self, seconds: float = 0) -> None:
        await self.world.tick(seconds)
        await self.trials.look()
        await self.world.tick()

    def call(self, number: str) -> AlarmCall:
        return next(call for call in reversed(self.world.phones.calls) if call.number == number)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with empty_database(tmp_path / "bridge.sqlite") as db, world_of(db) as world:
        yield Town(world, db)


async def test_everybody_on_the_list_is_called_and_only_who_confirms_is_reached(town: Town) -> None:
    world = town.world
    test = await town.trials.start(Wish(to=["everyone"], text="Bitte melden."), None)
    assert [person.login for person in test.people] == ["dieter", "eva", "sven", "anna"]
    await town.turn()
    assert sorted(world.phones.rung) == ["101", "104", "105"]
    assert {call.purpose for call in world.phones.calls} == {"test"}
    assert "Probealarm" in world.library.said[0]
    assert "Bitte melden." in world.library.said[0]
    await world.answers(town.call("105"))
    world.clock.forward(7)
    assert (await world.types(town.call("105"))).what == "taken"
    await world.ends("acked", town.call("105"))
    await world.answers(town.call("101"))  # a mailbox
    await world.ends("voicemail_suspected", town.call("101"))
    await world.ends("no_answer", town.call("104"))
    await town.turn()
    assert world.phones.rung[-1] == "114", "the second number of the same person"
    await world.answers(town.call("114"))
    await world.ends("heard_not_acked", town.call("114"))
    for _ in range(3):
        await town.turn(2)
    found = await town.trials.get(test.id)
    assert found.ended_at is not None
    assert (found.confirmed, len(found.people)) == (1, 4)
    assert {person.login: person.why for person in found.people} == {
        "eva": "acked", "anna": "voicemail_suspected", "dieter": "heard_not_acked", "sven": "no_number",
    }  # fmt: skip
    ways = {way.number: way for person in found.people for way in person.ways}
    assert ways["105"].confirmed_at is not None
    assert ways["101"].connected_at is not None
    assert ways["101"].heard_at is None
    assert ways["104"].connected_at is None
    assert ways["114"].heard_at is not None
    (text,) = town.told
    assert "1 von 4 haben bestätigt (25 %)" in text
    assert "Sven Still: kein Telefon" in text
    assert "Eva Eule 105: bestätigt, nach 7 s" in text
    await town.turn(600)
    await town.turn(600)
    assert len(world.phones.calls) == 4, "nobody is rung after the end"
    assert world.speakers.announced == [], "a test of people is no announcement to the whole plant"
    assert await world.told() == [], "outputs are not told of tests as of alarms"


async def test_who_was_not_rung_within_the_time_was_not_reached_and_calls_that_ring_are_waited_for(town: Town) -> None:
    town.world.phones.away = True
    test = await town.trials.start(Wish(to=["anna", "eva"], seconds=60), None)
    with pytest.raises(BusyError):
        await town.trials.start(Wish(to=["anna"]), None)
    town.world.phones.away = False
    await town.turn()
    await town.turn(61)
    await town.turn(1)
    assert (await town.trials.get(test.id)).ended_at is None, "calls are under way"
    for number in ("101", "105"):
        await town.world.ends("no_answer", town.call(number))
    await town.turn()
    found = await town.trials.get(test.id)
    assert found.ended_at is not None
    assert {person.why for person in found.people} == {"no_answer"}


async def test_a_test_goes_on_after_a_restart_and_a_report_that_cannot_be_sent_does_not_repeat_it(town: Town) -> None:
    eva = By(login="eva", name="Eva Eule", at=town.world.clock(), how="api")
    test = await town.trials.start(Wish(to=["anna"]), eva)
    await town.turn()
    town.trials = town.after_a_restart()
    town.mail_is_away = True
    await town.world.ends("busy", town.call("101"))
    for _ in range(6):
        await town.turn(31)
        if town.world.phones.rung.count("101") > 1:
            await town.world.ends("busy", town.call("101"))
    found = await town.trials.get(test.id)
    assert found.ended_at is not None
    assert found.people[0].why == "busy"
    assert found.started_by == eva
    assert town.world.phones.rung == ["101"] * 3, "who is busy is tried three times, as with a real alarm"


async def test_somebody_elses_word_on_the_page_proves_nothing(town: Town) -> None:
    test = await town.trials.start(Wish(to=["anna"]), None)
    await town.turn()
    (state,) = (await ReachStore(town.db).states("ami-bridge", f"test/{test.id}/")).values()
    by = By(login="eva", name="Eva Eule", at=town.world.clock(), how="page")

    def confirms(alarm: Alarm, _live: Sequence[Attempt]) -> Change | None:
        done = acts.acknowledge(alarm, by)
        return Change(alarm=done.alarm) if done else None

    await town.world.store.change(state.alarm, confirms)
    await town.world.ends("no_answer", town.call("101"))
    await town.turn(1)
    await town.turn(1)
    found = await town.trials.get(test.id)
    assert found.ended_at is not None
    assert not found.people[0].reached


async def test_a_word_that_means_nobody_is_refused_before_anybody_is_rung(town: Town) -> None:
    with pytest.raises(BadRequestError, match="gibtsnicht"):
        await town.trials.start(Wish(to=["anna", "gibtsnicht"]), None)
    assert await town.trials.newest() == []


async def test_who_was_not_reached_twice_is_told_by_name(town: Town) -> None:
    for _ in range(2):
        await town.trials.start(Wish(to=["anna", "eva"]), None)
        await town.turn()
        await town.world.answers(town.call("105"))
        await town.world.types(town.call("105"))
        await town.world.ends("acked", town.call("105"))
        await town.world.ends("rejected", town.call("101"))
        for _ in range(3):
            await town.turn(1)
    assert "Zum zweiten Mal" not in town.told[0]
    assert "Zum zweiten Mal nicht erreicht: Anna Amsel" in town.told[1]
    newest = await town.trials.newest()
    assert unreached_again(newest[0], newest[1]) == ["Anna Amsel"]
    assert reach.headline(newest[0]) == "1 von 2 haben bestätigt (50 %)"
    assert report(newest[0]).count("Anna Amsel") == 2


async def test_a_test_rings_when_it_was_asked_for_and_once_whatever_the_houses_first_class_is_like(town: Town) -> None:
    """Tests have the first class of the configuration: here one with quiet hours and an all-clear call."""
    town.world.rules._first = next(one for one in CLASSES if one.name == "night")
    town.world.clock.at = NOON.replace(hour=22)  # 23:00 on the wall
    test = await town.trials.start(Wish(to=["anna"], seconds=60), None)
    await town.turn()
    assert town.world.phones.rung == ["101"]
    await town.world.answers()
    await town.world.types()
    await town.world.ends("acked")
    await town.turn(30)
    assert town.world.phones.rung == ["101"]
    assert (await town.trials.get(test.id)).ended_at is not None


# -- regular ones -----------------------------------------------------------------------------------------------------


def test_a_regular_test_is_due_by_the_clock_on_the_wall() -> None:
    assert read_at("Wed 10:00") == (2, datetime(2026, 1, 1, 10).time())  # noqa: DTZ001
    assert read_at("someday") is None
    monday = datetime(2026, 10, 26, 12, tzinfo=UTC)
    assert last_due("week", "mon 10:00", monday, BERLIN) == datetime(2026, 10, 26, 9, tzinfo=UTC)
    assert last_due("week", "mon 10:00", monday - timedelta(days=1), BERLIN) == datetime(2026, 10, 19, 8, tzinfo=UTC)
    assert last_due("month", "mon 10:00", monday, BERLIN) == datetime(2026, 10, 5, 8, tzinfo=UTC)
    assert last_due("", "mon 10:00", monday, BERLIN) is None


async def test_a_regular_test_is_started_once_and_not_long_after_its_time(town: Town) -> None:
    regular = Regular(
        every="week", at="Sat 13:00", to=["anna"], tests=ReachStore(town.db), start=town.trials.start,
        troubles=town, zone=BERLIN, now=town.world.clock,
    )  # fmt: skip
    town.world.clock.forward(-60)
    await regular.look()
    assert await town.trials.newest() == []
    town.world.clock.forward(70)  # it is 13:00:10 in Berlin
    await regular.look()
    await regular.look()
    (test,) = await town.trials.newest()
    assert (test.kind, test.started_by) == ("scheduled", None)
    town.world.clock.forward(7 * 86400 + 2 * 3600)
    await town.turn()
    await regular.look()
    assert len(await town.trials.newest()) == 1


async def test_a_regular_test_to_somebody_who_has_left_is_an_alarm_until_one_begins(town: Town) -> None:
    def regular(*to: str) -> Regular:
        return Regular(
            every="week", at="Sat 13:00", to=[*to], tests=ReachStore(town.db), start=town.trials.start, troubles=town,
            zone=BERLIN, now=town.world.clock,
        )  # fmt: skip

    town.world.clock.forward(10)
    await regular("anna", "karl").look()
    assert town.wrongs == {}  # just after a start nobody is known
    town.world.clock.forward(900)
    await regular("anna", "karl").look()
    assert "karl" in town.wrongs["regular-test"]
    assert await town.trials.newest() == []
    await regular("anna").look()
    assert town.wrongs == {}


async def test_a_test_that_calls_nobody_is_none(town: Town) -> None:
    town.trials._everyone = ()
    with pytest.raises(BadRequestError, match="everyone is empty"):
        await town.trials.start(Wish(to=["everyone"]), None)
