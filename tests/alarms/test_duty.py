"""Who is on duty, from a calendar on a real server: swapped, gone, away, emptied; and what is told in time."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from ami_bridge.alarms import model
from ami_bridge.alarms.duty import Duty, Plan
from ami_bridge.alarms.duty_calendar import EMPTY, DutyCalendar
from ami_bridge.alarms.duty_store import CopyStore
from ami_bridge.alarms.duty_troubles import State, troubles
from ami_bridge.calendars.rota import Rota, Shift
from ami_bridge.dav.calendar import DavCalendar, Found, Listing
from ami_bridge.db.database import Database
from ami_bridge.errors import NotReachableError
from ami_bridge.people.model import People, Person
from tests.calendars.test_rota import event
from tests.dav.calendars import CalendarOnServer
from tests.dav.radicale import Radicale, radicale
from tests.empty import empty_database

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
STAFF = (
    Person(login="dieter", name="Dieter Dachs", email="dieter@example.org", extensions=("104",)),
    Person(login="eva", name="Eva Eule", extensions=("105",)),
    Person(login="max", name="Max Kurz"),
)


class Reports:
    """Whoever takes reports, and what was reported and is not over."""

    def __init__(self) -> None:
        self.open: dict[str, model.Report] = {}
        self.count = 0
        self.away = False

    async def report(self, report: model.Report) -> str:
        return (await self.reports([report]))[0]

    async def reports(self, reports: Sequence[model.Report]) -> list[str]:
        if self.away:
            raise NotReachableError("the disk is full")
        for one in reports:
            self.count += 1
            if one.what == "go":
                del self.open[one.dedup]
            else:
                self.open[one.dedup] = one
        return ["id"] * len(reports)


class Paper:
    """A calendar that is as we write it."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.away = False
        self.fetched = 0

    async def changes(self, token: str | None) -> Listing:  # noqa: ARG002
        if self.away:
            raise NotReachableError("nobody answers")
        return Listing(etags={name: str(hash(text)) for name, text in self.texts.items()}, token="t", whole=True)

    async def fetch(self, href: str) -> Found | None:
        self.fetched += 1
        return Found(self.texts[href], str(hash(self.texts[href])))


class Plant:
    """A plant with a ladder; its time stands still until somebody moves it."""

    def __init__(self, db: Database) -> None:
        self.time = NOON
        self.people = People(STAFF)
        self.reports = Reports()
        self.store = CopyStore(db)
        self.dead: set[str] = set()

    def calendar(self, calendar: DavCalendar | Paper, name: str = "duty") -> DutyCalendar:
        return DutyCalendar(
            name=name, calendar=calendar, store=self.store, zone=BERLIN, now=lambda: self.time
        )  # fmt: skip

    async def duty(self, calendar: DavCalendar | Paper, over: Paper | None = None, language: str = "de") -> Duty:
        plan = Plan(
            calendar=self.calendar(calendar), over=self.calendar(over, "over") if over else None, ranks=(1, 2)
        )  # fmt: skip
        duty = Duty(
            plans={"plant": plan, "night": plan}, people=self.people, person=self.person,
            reachable=lambda login: login not in self.dead, store=self.store, reports=self.reports, zone=BERLIN,
            language=language, now=lambda: self.time,
        )  # fmt: skip
        await duty.load()
        return duty

    def person(self, person: Person) -> model.Person:
        return model.Person(login=person.login, name=person.name, numbers=person.extensions)

    def on_duty(self, duty: Duty, rank: int = 1) -> list[str]:
        return [one.login for one in duty.now("plant", rank, self.time)]


def whole_day(uid: str, day: str, title: str, *more: str, days: int = 1) -> str:
    end = (datetime.fromisoformat(day) + timedelta(days=days)).strftime("%Y%m%d")
    start = day.replace("-", "")
    return event(
        uid, f"SUMMARY:{title}", *more, starts=f"DTSTART;VALUE=DATE:{start}", ends=f"DTEND;VALUE=DATE:{end}"
    )  # fmt: skip


@pytest.fixture
async def plant(tmp_path: Path) -> AsyncIterator[Plant]:
    async with empty_database(tmp_path / "bridge.sqlite") as db:
        yield Plant(db)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Radicale]:
    (tmp_path / "server").mkdir()
    async with radicale(tmp_path / "server") as found:
        yield found


async def test_a_calendar_on_a_server_says_who_is_on_duty_and_its_copy_does_while_the_server_is_down(
    plant: Plant, server: Radicale
) -> None:
    async with (
        aiohttp.ClientSession() as session,
        DavCalendar(server.url, server.user, server.password, "duty") as dav,
    ):
        calendar = CalendarOnServer(server, session, "/bridge/duty/")
        await calendar.make()
        await calendar.put("a", whole_day("a", "2026-11-21", "Bereitschaft: Dachs", days=7))
        await calendar.put("b", whole_day("b", "2026-11-14", "Eule [2]", "RRULE:FREQ=WEEKLY;INTERVAL=1", days=7))
        await calendar.put("old", whole_day("old", "2019-11-14", "Eule"))
        duty = await plant.duty(dav)
        assert plant.on_duty(duty) == []
        await duty.look()
        assert (plant.on_duty(duty), plant.on_duty(duty, 2)) == (["dieter"], ["eva"])
        await calendar.put("a", whole_day("a", "2026-11-21", "Bereitschaft: Eule", days=7))
        await duty.look()
        assert plant.on_duty(duty) == ["eva"]
        await calendar.delete("a")
        await duty.look()
        assert plant.on_duty(duty) == []
        await calendar.put("a", whole_day("a", "2026-11-21", "Bereitschaft: Dachs", days=30))
        await duty.look()
        await server.stop()
        plant.time += timedelta(hours=3)
        await duty.look()
        assert plant.on_duty(duty) == ["dieter"]
        again = await plant.duty(dav, language="en")  # as after a restart; the site speaks English now
        plant.time += timedelta(days=9)
        assert (plant.on_duty(again), plant.on_duty(again, 2)) == (["dieter"], ["eva"])
        await again.look()
        away = plant.reports.open["rota/away/duty/long"]
        assert away.priority == 3
        assert "what it said on 21/11/2026, 13:00 holds" in away.text


async def test_a_calendar_that_is_suddenly_empty_takes_nobody_off_duty(plant: Plant) -> None:
    paper = Paper()
    paper.texts["a"] = whole_day("a", "2026-11-21", "Dachs", days=20)
    duty = await plant.duty(paper)
    await duty.look()
    paper.texts.clear()
    await duty.look()
    assert plant.on_duty(duty) == ["dieter"]
    assert duty.shown()[0].trouble == EMPTY
    plant.time += timedelta(hours=1)
    await duty.look()
    assert "rota/away/duty" in plant.reports.open
    await duty.believe_empty("duty")  # somebody says that it really is
    await duty.look()
    assert plant.on_duty(duty) == []
    assert set(plant.reports.open) == {"rota/gap/duty/1/now", "rota/gap/duty/2/now"}


async def test_what_has_not_changed_is_not_fetched_again_and_one_odd_appointment_costs_itself_alone(
    plant: Plant,
) -> None:
    paper = Paper()
    paper.texts["a"] = whole_day("a", "2026-11-21", "Dachs", days=20)
    paper.texts["odd"] = "BEGIN:NOTHING"
    paper.texts["old"] = whole_day("old", "2019-11-14", "Eule")
    duty = await plant.duty(paper)
    await duty.look()
    await duty.look()
    await (await plant.duty(paper)).look()
    assert paper.fetched == 3
    assert plant.on_duty(duty) == ["dieter"]
    assert duty.shown()[0].unreadable == 1


async def test_the_second_calendar_wins_and_who_left_or_has_no_telephone_is_not_rung(plant: Plant) -> None:
    paper, over = Paper(), Paper()
    paper.texts["a"] = whole_day("a", "2026-11-21", "Dachs", days=20)
    over.texts["b"] = event(
        "b", "SUMMARY:Eule", starts="DTSTART;TZID=Europe/Berlin:20261121T120000", ends="DURATION:PT4H"
    )
    duty = await plant.duty(paper, over)
    await duty.look()
    assert plant.on_duty(duty) == ["eva"]
    plant.time += timedelta(hours=4)
    assert plant.on_duty(duty) == ["dieter"]
    paper.texts["a"] = whole_day("a", "2026-11-21", "Kurz", days=20)
    await duty.look()
    assert plant.on_duty(duty) == []  # Max has no telephone
    paper.texts["a"] = whole_day("a", "2026-11-21", "Dachs", days=20)
    plant.people.replace([person for person in STAFF if person.login != "dieter"])
    await duty.look()
    assert plant.on_duty(duty) == []
    assert any(one.startswith("rota/name/duty/") for one in plant.reports.open)


async def test_who_comes_to_the_staff_is_on_duty_at_once_and_not_with_the_next_look(plant: Plant) -> None:
    """A new daemon knows the rota before the staff book: an alarm just then must not find nobody on duty."""
    paper = Paper()
    paper.texts["a"] = whole_day("a", "2026-11-21", "Dachs", days=20)
    plant.people.replace([])
    duty = await plant.duty(paper)
    await duty.look()
    assert plant.on_duty(duty) == []
    plant.people.replace(STAFF)
    assert plant.on_duty(duty) == ["dieter"]
    plant.people.replace([person for person in STAFF if person.login != "dieter"])
    assert plant.on_duty(duty) == []


async def test_each_trouble_is_told_once_and_its_end_too_also_after_a_restart(plant: Plant) -> None:
    paper = Paper()
    paper.texts["a"] = whole_day("a", "2026-11-21", "Dachs", days=20)
    paper.texts["b"] = whole_day("b", "2026-11-21", "Dachs [2]", days=20)
    duty = await plant.duty(paper)
    await duty.look()
    assert plant.reports.open == {}
    plant.dead.add("dieter")
    await duty.look()
    await duty.look()
    assert set(plant.reports.open) == {"rota/telephone/duty/dieter"}
    assert plant.reports.count == 1
    plant.dead.clear()
    plant.reports.away = True
    again = await plant.duty(paper)
    await again.look()
    plant.reports.away = False
    await again.look()
    assert plant.reports.open == {}
    assert plant.reports.count == 2


async def test_nothing_is_told_before_it_is_known_who_works_here(plant: Plant) -> None:
    """A new daemon reads the rota and the staff book at the same time, and nobody is woken for that."""
    paper = Paper()
    paper.texts["a"] = whole_day("a", "2026-11-21", "Dachs", days=20)
    plant.people.replace([])
    duty = await plant.duty(paper)
    await duty.look()
    assert plant.on_duty(duty) == []
    assert plant.reports.count == 0
    plant.people.replace([*STAFF, Person(login="gerd", name="Gerd Gans", extensions=("106",))])
    paper.texts["b"] = whole_day("b", "2026-11-21", "Gans [2]", days=20)
    await duty.look()
    assert plant.on_duty(duty) == ["dieter"]
    assert plant.reports.open == {}
    plant.people.replace(STAFF)
    await duty.look()
    assert len(plant.reports.open) == 2, "but then it is: a name that nobody has, and nobody behind"


def test_gaps_names_and_telephones_are_told_days_before_and_louder_when_it_is_near() -> None:
    day = timedelta(days=1)
    shifts = [
        Shift(starts=NOON - day, ends=NOON + timedelta(hours=1), title="Dachs", logins=("dieter",)),
        Shift(starts=NOON + timedelta(hours=1), ends=NOON + 4 * day, title="Eule", logins=("eva",)),
        Shift(starts=NOON + 5 * day, ends=NOON + 9 * day, title="Dienst Maier", strangers=("Dienst Maier",)),
        Shift(starts=NOON + 9 * day + timedelta(seconds=59), ends=NOON + 20 * day, title="Dachs", logins=("dieter",)),
    ]
    found = troubles(
        State(name="duty", rota=Rota(shifts)), now=NOON, zone=BERLIN, reachable=lambda login: login == "dieter"
    )
    assert [(one.id, one.priority) for one in found] == [
        ("rota/gap/duty/1/2026-11-25T12:00Z", 4),
        ("rota/name/duty/Dienst Maier", 4),
        ("rota/telephone/duty/eva", 3),
    ]
    assert "von 25.11.2026, 13:00 Uhr bis 30.11.2026, 13:00 Uhr" in found[0].text
    assert "wer gleich Bereitschaft hat: eva" in found[2].text
    assert [one.text_en for one in found] == [
        "Nobody is on duty: from 25/11/2026, 13:00 until 30/11/2026, 13:00 (duty)",
        "From 26/11/2026, 13:00 on the duty rota duty has “Dienst Maier”: no name of somebody here, or of several",
        "No telephone is registered that reaches who will be on duty soon: eva",
    ]
    later = troubles(State(name="duty", rota=Rota(shifts)), now=NOON + 3 * day, zone=BERLIN, reachable=lambda _: True)
    assert (later[0].id, later[0].priority) == ("rota/gap/duty/1/2026-11-25T12:00Z/soon", 3)
    begun = troubles(State(name="duty", rota=Rota(shifts)), now=NOON + 5 * day, zone=BERLIN, reachable=lambda _: True)
    assert begun[0].id == "rota/gap/duty/1/now"
    assert "Niemand hat Bereitschaft: jetzt, bis 30.11.2026" in begun[0].text
    nobody = troubles(State(name="duty", rota=Rota()), now=NOON, zone=BERLIN, reachable=lambda _: True)
    assert "jetzt, auf Weiteres" in nobody[0].text
    assert nobody[0].text_en == "Nobody is on duty: now, until further notice (duty)"
    away = State(name="duty", rota=Rota(), read_at=NOON, trouble="x", trouble_since=NOON - 2 * day, unreadable=2)
    assert [one.text_en for one in troubles(away, now=NOON, zone=BERLIN, reachable=lambda _: True)][:2] == [
        "Duty rota duty: 2 entries cannot be read",
        "The duty rota duty could not be read for 2 days; what it said on 21/11/2026, 13:00 holds",
    ]
