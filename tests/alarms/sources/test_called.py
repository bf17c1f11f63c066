"""Calls to alarm numbers: what the PBX noted becomes a report, perhaps late, and it is known who called."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ami_bridge.alarms.sources import codes
from ami_bridge.alarms.sources.called import Called, Noted, read
from ami_bridge.asterisk.alarm_numbers import AlarmNumbers
from ami_bridge.asterisk.phone import Family, Row
from ami_bridge.config_alarms import Point, Source, SourceCall
from ami_bridge.errors import NotReachableError
from ami_bridge.people.model import Person
from ami_bridge.tasks import race
from tests.alarms.sources.world import NIGHT, World, world

CODE = codes.kept("471100", "0" * 16)
END = codes.kept("471199", "1" * 16)
BY_PEOPLE = Source(name="telephone", kind="call", call=SourceCall(extension="190", code=CODE, end_code=END))
BY_DEVICE = Source(
    name="pumps",
    kind="call",
    points={"dialler-2": Point(label="Wählgerät 2")},
    call=SourceCall(extension="191", end_extension="192", devices=["dialler-1", "dialler-2"]),
)
AT = int(NIGHT.timestamp())
ANNA = Person(login="anna", name="Anna Amsel", extensions=("101",))


class AstDb:
    """The PBX's database; it may be away."""

    def __init__(self) -> None:
        self.families: dict[Family, dict[str, str]] = {"amib_call": {}, "amib_src": {}, "amib_fail": {}}
        self.away = False
        self.refuses_to_delete = False

    async def rows(self, family: Family) -> dict[str, str]:
        if self.away:
            raise NotReachableError("no PBX here")
        return dict(self.families[family])

    async def write(self, row: Row, value: str) -> None:
        if self.away or (self.refuses_to_delete and not value):
            raise NotReachableError("no PBX here")
        families: Mapping[str, Family] = {"called": "amib_call", "source": "amib_src", "tried": "amib_fail"}
        if value:
            self.families[families[row.verb]][row.key] = value
        else:
            self.families[families[row.verb]].pop(row.key, None)


class House:
    """Sources with a real database, and what keeps them equal with the PBX."""

    def __init__(self, town: World) -> None:
        self.town = town
        self.astdb = AstDb()
        self.log: list[Any] = []
        self.called = Called(
            town.sources,
            gate=town.gate,
            troubles=town.troubles,
            whose=lambda endpoint: ANNA if endpoint == "101" else None,
            write=self.log.append,
            zone=ZoneInfo("Europe/Berlin"),
            now=town.now,
        )
        self.numbers = AlarmNumbers(
            pbx="town", astdb=self.astdb, called=self.called, seconds=lambda: town.now().timestamp(), again_after=0.05
        )

    def note(self, key: str, row: str) -> None:
        self.astdb.families["amib_call"][key] = row

    @property
    def notes(self) -> dict[str, str]:
        return self.astdb.families["amib_call"]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with world(tmp_path, BY_PEOPLE, BY_DEVICE) as town:
        yield House(town)


def test_only_what_the_dialplan_writes_is_a_note() -> None:
    at = datetime.fromtimestamp(AT, UTC)
    assert read("7", f"go:190:{AT}:101:+498999998101") == Noted(
        note="7", what="go", extension="190", at=at, endpoint="101", number="+498999998101"
    )
    for odd in ("", "come", f"ack:190:{AT}::", f"come:190:{AT}:a/b:", f"come:190:{AT}::1\n", f"come:x:{AT}::"):
        assert read("7", odd) is None


async def test_a_call_is_an_alarm_and_it_is_known_who_called(house: House) -> None:
    house.note("1", f"come:190:{AT}:101:101")
    house.note("2", f"come:190:{AT}:trunk:+493023125001")
    house.note("3", f"come:190:{AT}::")
    await house.numbers.look()
    by_anna, by_stranger, by_nobody = house.town.kept.reports_
    assert (by_anna.source, by_anna.dedup, by_anna.what, by_anna.by) == ("telephone", "call", "come", "anna")
    assert by_anna.values == {"ausgelöst von": "Anna Amsel"}
    assert by_anna.text == "durch einen Anruf ausgelöst"
    assert (by_stranger.by, by_stranger.values) == ("+493023125001", {"ausgelöst von": "+493023125001"})
    assert (by_nobody.by, by_nobody.dedup) == ("anonymous", "call"), "all are of one alarm: the second only counts"
    assert len({by_anna.once, by_stranger.once, by_nobody.once}) == 3
    assert house.notes == {}


async def test_a_device_is_a_point_of_its_own_and_its_other_number_ends_the_fault(house: House) -> None:
    house.note("9", f"go:192:{AT + 5}:dialler-1:")
    house.note("10", f"come:191:{AT}:dialler-1:")
    house.note("11", f"come:191:{AT}:dialler-2:")
    await house.numbers.look()
    told = [(one.dedup, one.what, one.text, one.by) for one in house.town.kept.reports_]
    assert told == [
        ("dialler-1", "come", "Wählgerät dialler-1 meldet eine Störung", ""),
        ("dialler-2", "come", "", ""),
        ("dialler-1", "go", "Wählgerät dialler-1 meldet eine Störung", ""),
    ], "the oldest first, or the end would come before the fault"


async def test_what_could_not_be_kept_stays_noted_and_comes_late(house: House) -> None:
    house.note("1", f"come:190:{AT}:101:101")
    house.town.kept.full = True
    with pytest.raises(NotReachableError):
        await house.numbers.look()
    assert "1" in house.notes
    house.town.kept.full = False
    house.town.later(3600)
    await house.numbers.look()
    (report,) = house.town.kept.reports_
    assert report.text == "durch einen Anruf ausgelöst, angerufen um 04:17 Uhr"
    assert report.event_time == NIGHT.replace(microsecond=0)
    assert house.notes == {}


async def test_a_number_of_nobody_and_a_note_that_nobody_reads_are_alarms_too(house: House) -> None:
    house.note("1", f"come:199:{AT}:101:101")
    house.note("2", "whatever")
    house.note("not-ours", "x")
    await house.numbers.look()
    assert house.town.kept.told() == [
        ("ami-bridge", "call-note/2", "come"),
        ("ami-bridge", "call/199", "come"),
    ]
    assert set(house.notes) == {"not-ours"}


async def test_the_pbx_knows_hashed_codes_and_no_others(house: House) -> None:
    house.astdb.families["amib_src"] = {"180": "old", "191": "changed"}
    house.astdb.families["amib_fail"] = {"0101": f"6:{AT - 3601}", "0102": f"6:{AT - 60}", "0103": "odd"}
    await house.numbers.compare()
    rows = {key: json.loads(row) for key, row in house.astdb.families["amib_src"].items()}
    assert rows == {
        "190": {"come": CODE, "go": END, "dev": "", "is": "come"},
        "191": {"come": "", "go": "", "dev": "dialler-1&dialler-2", "is": "come"},
        "192": {"come": "", "go": "", "dev": "dialler-1&dialler-2", "is": "go"},
    }
    assert "471100" not in str(rows)
    assert CODE.rpartition(":")[2] == hashlib.sha1(b"0000000000000000471100").hexdigest()  # noqa: S324 - the PBX's
    assert set(house.astdb.families["amib_fail"]) == {"0102"}, "what is an hour old is forgotten"


async def test_wrong_codes_are_written_down_without_the_code(house: House) -> None:
    bad = {"Event": "UserEvent", "UserEvent": "AlarmBadCode", "Exten": "190", "Tries": "2"}
    assert house.numbers.take({**bad, "Endpoint": "101", "Number": "101"})
    assert house.numbers.take({**bad, "Exten": "199", "Number": "+49302312\r\n", "Endpoint": "a b"})
    assert [(one.actor, one.kind, one.data) for one in house.log] == [
        ("telephone", "code_wrong", {"by": "anna", "tries": 2}),
        ("call", "code_wrong", {"by": "anonymous", "tries": 2}),
    ]
    assert not house.numbers.take({"Event": "UserEvent", "UserEvent": "AlarmTalk"})


async def test_the_event_wakes_and_a_pbx_that_was_away_is_looked_at_again(house: House) -> None:
    async def story() -> None:
        async with asyncio.timeout(5):
            while "190" not in house.astdb.families["amib_src"]:
                await asyncio.sleep(0.01)
            house.astdb.away = True
            house.note("1", f"come:190:{AT}:101:101")
            house.numbers.take({"Event": "UserEvent", "UserEvent": "AlarmCalled", "Note": "1"})
            await asyncio.sleep(0.1)
            assert house.town.kept.reports_ == []
            house.astdb.away = False
            while house.notes:
                await asyncio.sleep(0.01)

    await race(house.numbers.run(), story())
    assert len(house.town.kept.reports_) == 1


async def test_three_hundred_calls_are_all_kept_and_the_flood_is_told(house: House) -> None:
    for n in range(300):
        house.note(str(1000 + n), f"come:190:{AT + n}:trunk:+4930{n}")
    await house.numbers.look()
    told = house.town.kept.told()
    assert told.count(("telephone", "call", "come")) == 300
    assert told.count(("ami-bridge", "flood/telephone", "come")) == 1
    house.town.time = NIGHT + timedelta(hours=1)
