"""The journal on SQLite and on PostgreSQL: what is kept, who is shown which row of a call, what is done, what goes."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from msgspec import structs
from sqlalchemy import select

from ami_bridge.db.database import Database
from ami_bridge.db.tables import notices
from ami_bridge.errors import NotFoundError
from ami_bridge.journal.model import Change, Filters, Kept, Notice, Reader, shown
from ami_bridge.journal.rules import Limits
from ami_bridge.journal.store import JournalStore, NoticeStore

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOSTILE = "Robert'); DROP TABLE journal;-- \u202e 'ü' %s :x"
CALLER = "+493023125001"
ALL = Filters()
ANNA, BEN, TOWN = Reader(login="anna"), Reader(login="ben"), Reader(department="Bürgerbüro")


def row(number: int, **changes: object) -> Kept:
    start = NOON + timedelta(minutes=number)
    values: dict[str, object] = {
        "id": f"call-{number:04}-101-a",
        "call_id": f"call-{number:04}",
        "pbx_id": "rathaus",
        "extension": "101",
        "direction": "in",
        "role": "callee",
        "result": "answered",
        "peer_number": CALLER,
        "line": "100",
        "started_at": start,
        "answered_at": start + timedelta(seconds=5),
        "ended_at": start + timedelta(seconds=65),
        "login": "anna",
        "department": "Bürgerbüro",
    }
    return Kept(**{**values, **changes})  # type: ignore[arg-type]


def missed(number: int, **changes: object) -> Kept:
    return row(number, **{"result": "missed", "answered_at": None, **changes})


def bens(one: Kept, **changes: Any) -> Kept:  # noqa: ANN401 - any field
    """The same call as it rang at Ben's."""
    return structs.replace(one, id=f"{one.call_id}-102-b", extension="102", login="ben", **changes)


def ids(rows: Sequence[Kept]) -> list[str]:
    return [one.id for one in rows]


def same(rows: Sequence[Kept]) -> list[Kept]:
    """Rows without what the store itself counts."""
    return [structs.replace(one, rev=1) for one in rows]


def limits(**days: float) -> Limits:
    """Each class over before a time in minutes from noon; by default long before."""
    usual = dict.fromkeys(Limits.__struct_fields__, -1e6)
    return Limits(**{name: NOON + timedelta(minutes=at) for name, at in {**usual, **days}.items()})


@pytest.fixture
def journal(db: Database) -> JournalStore:
    return JournalStore(db)


class TestKeeping:
    async def test_a_row_comes_back_as_it_was(self, journal: JournalStore) -> None:
        withheld = missed(1, peer_number=None, line=None, login=None, department=None)
        noted = row(2, note=HOSTILE, private=True, done_by="ben", done_at=NOON)
        change = await journal.add([noted, withheld])
        assert change.before == []
        assert same(await journal.of_call("call-0001")) == [withheld]
        assert same(await journal.of_call("call-0002")) == [noted]
        assert {one.id for one in change.after} == {noted.id, withheld.id}

    async def test_a_call_that_came_back_after_its_end_is_kept_as_it_ended_last(self, journal: JournalStore) -> None:
        await journal.add([row(1), missed(2)])
        await journal.change("call-0002", "anna", {"note": "calls again", "private": True})
        later = row(2, ended_at=NOON + HOUR)
        change = await journal.add([later, row(3)])
        (kept,) = await journal.of_call("call-0002")
        assert structs.replace(kept, rev=1) == structs.replace(later, note="calls again", private=True)
        (before,) = change.before
        assert before.rev < kept.rev

    async def test_a_note_that_comes_with_the_end_is_kept(self, journal: JournalStore) -> None:
        await journal.add([row(1)])
        await journal.add([row(1, note="about the parking space")])
        (kept,) = await journal.of_call("call-0001")
        assert kept.note == "about the parking space"

    async def test_what_was_nobodys_end_is_taken_back(self, journal: JournalStore) -> None:
        await journal.add([row(1), bens(row(1)), row(2), row(3)])
        change = await journal.remove([("call-0001", "101"), ("call-0003", "101"), ("no such call", HOSTILE)])
        assert ids(await journal.page(ANNA, ALL)) == ["call-0002-101-a"]
        assert ids(await journal.page(BEN, ALL)) == ["call-0001-102-b"]
        assert len(change.before) == 3
        assert ids(change.after) == ["call-0001-102-b"]
        assert await journal.remove([]) == Change([], [])

    async def test_nothing_to_add_is_fine(self, journal: JournalStore) -> None:
        assert await journal.add([]) == Change([], [])

    async def test_many_are_kept_in_pieces(self, journal: JournalStore) -> None:
        change = await journal.add([row(n) for n in range(450)])
        assert len(change.after) == 450

    async def test_what_is_to_be_told_elsewhere_is_kept_with_the_call_once_per_department(self, db: Database) -> None:
        def told(one: Kept) -> Notice | None:
            if not one.unanswered:
                return None
            return Notice(
                id=f"N-{one.id}", pbx_id="town", call_id=one.call_id, department=one.department or "",
                created=NOON, due=NOON,
            )  # fmt: skip

        journal = JournalStore(db, new_notice=told)
        await journal.add([missed(1), bens(missed(1)), missed(1, department="Bauamt", id="x"), row(2)])
        await journal.add([missed(1)])
        kept = await db.rows(select(notices).order_by(notices.c.department))
        assert [(one.call_id, one.department) for one in kept] == [
            ("call-0001", "Bauamt"),
            ("call-0001", "Bürgerbüro"),
        ]


class TestReading:
    async def test_pages_follow_each_other_without_gap_or_repetition(self, journal: JournalStore) -> None:
        same_moment = [row(n, started_at=NOON) for n in range(450)]
        await journal.add(same_moment)
        seen: list[Kept] = []
        while page := await journal.page(ANNA, ALL, after=seen[-1].call_id if seen else None, limit=100):
            seen += page
        assert ids(seen) == sorted((one.id for one in same_moment), reverse=True)

    async def test_everybody_reads_their_own_and_nobody_elses(self, journal: JournalStore) -> None:
        await journal.add([row(1), bens(row(2)), row(3, login=None, department=None)])
        assert ids(await journal.page(ANNA, ALL)) == ["call-0001-101-a"]
        assert ids(await journal.page(BEN, ALL)) == ["call-0002-102-b"]
        assert ids(await journal.page(TOWN, ALL)) == ["call-0002-102-b", "call-0001-101-a"]
        for nobody in (Reader(login="' OR 1=1 --"), Reader(department="Bauamt"), Reader()):
            assert await journal.page(nobody, ALL) == []
        with pytest.raises(NotFoundError):
            await journal.page(ANNA, ALL, after="call-0002")
        with pytest.raises(NotFoundError):
            await journal.page(ANNA, ALL, after="no such call")

    async def test_a_page_is_never_larger_than_allowed_nor_empty_by_a_silly_wish(self, journal: JournalStore) -> None:
        await journal.add([row(n) for n in range(300)])
        assert len(await journal.page(ANNA, ALL, limit=10**9)) == 200
        assert len(await journal.page(ANNA, ALL, limit=-1)) == 1

    async def test_of_each_call_a_journal_shows_one_row_in_sql_as_in_memory(self, journal: JournalStore) -> None:
        """All ways in which three rows of one call may stand: whoever talked stands for it, then who was called."""
        kinds: list[dict[str, Any]] = [
            {"result": "answered"},
            {"result": "missed"},
            {"result": "missed", "role": "caller"},
            {"result": "busy", "private": True},
        ]
        calls = list(permutations(kinds, 3))
        for number, several in enumerate(calls):
            for extension, kind in zip(("101", "102", "103"), several, strict=True):
                login = "anna" if extension != "102" else "ben"
                one = row(number, extension=extension, login=login, **kind)
                await journal.add([structs.replace(one, id=f"{one.call_id}-{extension}")])
        for reader in (ANNA, BEN, TOWN):
            filters = Filters(private=True)
            in_sql = {one.call_id: one.id for one in await journal.page(reader, filters, limit=200)}
            in_memory = {}
            for number in range(len(calls)):
                rows = await journal.of_call(f"call-{number:04}")
                if best := shown(rows, reader):
                    in_memory[best.call_id] = best.id
            assert in_sql == in_memory

    async def test_private_calls_are_their_owners_alone_and_only_on_wish(self, journal: JournalStore) -> None:
        await journal.add([row(1, private=True), bens(row(1)), row(2)])
        assert ids(await journal.page(ANNA, ALL)) == ["call-0002-101-a"]
        assert len(await journal.page(ANNA, Filters(private=True))) == 2
        for filters in (ALL, Filters(private=True)):
            assert ids(await journal.page(TOWN, filters)) == ["call-0002-101-a", "call-0001-102-b"]

    @pytest.mark.parametrize(
        ("filters", "found"),
        [
            (Filters(missed=True), [5, 4, 2]),
            (Filters(open=True), [4, 2]),
            (Filters(direction="out"), [3]),
            (Filters(direction="in", result="missed"), [5, 2]),
            (Filters(result="busy"), [4]),
            (Filters(since=NOON + timedelta(minutes=4)), [6, 5, 4]),
            (Filters(until=NOON + timedelta(minutes=2)), [1]),
            (Filters(since=NOON + timedelta(minutes=2), until=NOON + timedelta(minutes=4)), [3, 2]),
        ],
    )
    async def test_a_journal_can_be_narrowed(self, journal: JournalStore, filters: Filters, found: list[int]) -> None:
        await journal.add(
            [
                row(1),
                missed(2),
                missed(3, direction="out", role="caller"),
                missed(4, result="busy"),
                missed(5, done_by="ben", done_at=NOON),
                missed(6, direction="internal", role="caller"),
            ]
        )
        assert [int(one.call_id[-4:]) for one in await journal.page(ANNA, filters)] == found

    async def test_it_is_counted_what_is_kept_of_somebody(self, journal: JournalStore) -> None:
        await journal.add([row(1), missed(2, note="x"), row(3, direction="internal"), missed(4, private=True)])
        await journal.add([bens(row(5))])
        assert await journal.counts("anna") == {
            "private": 1, "notes": 1,
            "external.answered": 1, "external.missed": 1, "internal.answered": 1, "internal.missed": 0,
        }  # fmt: skip
        assert set((await journal.counts("nobody")).values()) == {0}


class TestDone:
    async def test_who_calls_back_has_done_it_for_the_whole_department(self, journal: JournalStore) -> None:
        await journal.add(
            [
                missed(1), bens(missed(1)), missed(2, result="busy"), bens(missed(3)),
                missed(4, peer_number="+49301"), missed(5, department="Bauamt", login="carla"),
                bens(missed(6, private=True)), missed(7, private=True), row(8), missed(9, role="caller"), missed(30),
            ]
        )  # fmt: skip
        change = await journal.called_back(CALLER, NOON + timedelta(minutes=20), by="anna", department="Bürgerbüro")
        done = {one.id for one in change.after if one.done_by == "anna"}
        assert done == {
            "call-0001-101-a", "call-0001-102-b", "call-0002-101-a", "call-0003-102-b", "call-0007-101-a",
        }  # fmt: skip
        assert {one.id for one in change.before} == done
        assert all(one.done_at is None for one in change.before)
        assert all(one.rev > 1 for one in change.after)
        again = await journal.called_back(CALLER, NOON + timedelta(minutes=25), by="ben", department="Bürgerbüro")
        assert {one.id for one in again.after if one.done_by == "ben"} == {"call-0006-102-b"}

    async def test_without_journals_of_departments_it_is_done_for_who_called_alone(self, journal: JournalStore) -> None:
        await journal.add([missed(1), bens(missed(1))])
        change = await journal.called_back(CALLER, NOON + HOUR, by="ben", department=None)
        assert {one.id: one.done_by for one in change.after} == {"call-0001-101-a": None, "call-0001-102-b": "ben"}
        assert await journal.called_back("+49", NOON + HOUR, by="ben", department=None) == Change()

    async def test_who_says_so_first_has_done_it(self, journal: JournalStore) -> None:
        await journal.add([missed(1), bens(missed(1)), row(2)])
        change = await journal.done("call-0001", NOON, by="ben", department="Bürgerbüro")
        assert {one.done_by for one in change.after} == {"ben"}
        assert await journal.done("call-0001", NOON + HOUR, by="anna", department="Bürgerbüro") == Change()
        assert await journal.done("call-0002", NOON, by="ben", department="Bürgerbüro") == Change()
        assert await journal.done("call-0001", NOON, by="eve", department=None) == Change()


class TestChanging:
    async def test_one_changes_ones_own_alone(self, journal: JournalStore) -> None:
        await journal.add([row(1), bens(row(1))])
        change = await journal.change("call-0001", "ben", {"note": HOSTILE, "private": True})
        by_id = {one.id: one for one in change.after}
        assert (by_id["call-0001-102-b"].note, by_id["call-0001-102-b"].private) == (HOSTILE, True)
        assert (by_id["call-0001-101-a"].note, by_id["call-0001-101-a"].private) == (None, False)
        assert all(one.rev > 1 for one in change.after), "whichever row is shown next is newer than the one before"


class TestForgetting:
    @pytest.mark.parametrize(
        ("over", "left"),
        [
            ({"answered": 100}, [2, 4, 5]),
            ({"missed": 100}, [1, 3]),
            ({"internal": 100}, [1, 2, 5]),
            ({"external": 100}, [3, 4]),
            ({"private": 100}, [1, 2, 3, 4]),
            ({"answered": 3}, [2, 3, 4, 5]),
            ({}, [1, 2, 3, 4, 5]),
        ],
    )
    async def test_each_class_has_its_own_time(
        self, journal: JournalStore, over: dict[str, float], left: list[int]
    ) -> None:
        await journal.add(
            [
                row(1), missed(2), row(3, direction="internal"), missed(4, direction="internal"),
                missed(5, private=True),
            ]
        )  # fmt: skip
        assert await journal.purge(limits(**over)) == 5 - len(left)
        there = await journal.page(ANNA, Filters(private=True))
        assert sorted(int(one.call_id[-4:]) for one in there) == left

    async def test_what_is_old_goes_and_nothing_else(self, journal: JournalStore) -> None:
        await journal.add([row(n) for n in range(700)])
        assert await journal.purge(limits(answered=650)) == 649  # calls last 65 seconds
        assert len(await journal.page(ANNA, ALL, limit=200)) == 51
        assert await journal.purge(limits(answered=0)) == 0

    async def test_somebody_is_erased_and_the_others_stay(self, journal: JournalStore) -> None:
        await journal.add([row(1), bens(row(1)), row(2), bens(row(3))])
        change = await journal.erase("anna")
        assert await journal.page(ANNA, Filters(private=True)) == []
        assert ids(await journal.page(BEN, ALL)) == ["call-0003-102-b", "call-0001-102-b"]
        assert len(change.before) == 3
        assert ids(change.after) == ["call-0001-102-b"]


class TestNotices:
    async def test_what_is_due_comes_in_order_until_it_is_dealt_with(self, db: Database) -> None:
        def told(one: Kept) -> Notice:
            due = NOON + timedelta(seconds=int(one.call_id[-1]))
            return Notice(id=one.call_id, pbx_id="town", call_id=one.call_id, department="", created=NOON, due=due)

        await JournalStore(db, new_notice=told).add([missed(number) for number in (3, 1, 2)])
        store = NoticeStore(db)
        assert await store.due(NOON) == []
        first, second = await store.due(NOON + timedelta(seconds=2))
        assert (first.id, second.id, first.tries) == ("call-0001", "call-0002", 0)
        assert len(await store.due(NOON + HOUR, limit=2)) == 2
        await store.drop(second)
        await store.drop(second)
        assert await store.later(first, NOON + HOUR, tries=1)
        assert not await store.later(first, NOON, tries=1), "another one has tried meanwhile"
        assert [one.id for one in await store.due(NOON + timedelta(minutes=1))] == ["call-0003"]
        assert [(one.id, one.tries) for one in await store.due(NOON + HOUR)] == [("call-0003", 0), ("call-0001", 1)]
