"""Finished calls reach the disk, in batches, even if it is away for a while; then it is told what has changed."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from ami_bridge.errors import NotReachableError
from ami_bridge.journal.model import Change, Kept
from ami_bridge.journal.writer import BATCH, CalledBack, Key, Writer
from ami_bridge.wire import Result

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SOON = 5.0
BACK = CalledBack(number="+493023125001", at=NOON, by="ben", department=None)


def row(number: int, result: Result = "answered") -> Kept:
    return Kept(
        id=f"C{number}-101", call_id=f"C{number}", pbx_id="town", extension="101", direction="in", role="callee",
        result=result, peer_number=None, line=None, started_at=NOON, answered_at=NOON, ended_at=NOON,
    )  # fmt: skip


class Store:
    """A disk that can be full, slow, or dead."""

    def __init__(self) -> None:
        self.rows: dict[str, Kept] = {}
        self.batches: list[int] = []
        self.called_back_when: list[tuple[str, set[str]]] = []
        self.tries = 0
        self.full = False
        self.open = asyncio.Event()
        self.open.set()
        self._news = asyncio.Event()

    async def add(self, rows: Sequence[Kept]) -> Change:
        await self._work()
        self.batches.append(len(rows))
        self.rows |= {one.id: one for one in rows}
        return Change((), rows)

    async def remove(self, calls: Collection[Key]) -> Change:
        await self._work()
        gone = [self.rows.pop(f"{call}-{extension}", None) for call, extension in calls]
        return Change([one for one in gone if one is not None], ())

    async def called_back(self, number: str, at: datetime, *, by: str, department: str | None) -> Change:
        await self._work()
        assert (at, department) == (NOON, None)
        self.called_back_when.append((f"{by} {number}", set(self.rows)))
        return Change()

    async def _work(self) -> None:
        self.tries += 1
        self._news.set()
        await self.open.wait()
        if self.full:
            raise NotReachableError("the disk is full")

    async def tried(self, times: int) -> None:
        async with asyncio.timeout(SOON):
            while self.tries < times:
                self._news.clear()
                await self._news.wait()


class World:
    def __init__(self) -> None:
        self.store = Store()
        self.told: list[Change] = []
        self.writer = Writer(store=self.store, written=self.told.append)
        self.running = asyncio.get_running_loop().create_task(self.writer.run())

    def notice(self, one: Kept) -> None:
        self.writer.take((one.call_id, one.extension), [one])

    def take_back(self, number: int) -> None:
        self.writer.take((f"C{number}", "101"), ())

    async def stop(self) -> None:
        self.running.cancel()
        async with asyncio.timeout(SOON):
            with pytest.raises(asyncio.CancelledError):
                await self.running


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr("ami_bridge.journal.writer.TRY_AGAIN_AFTER", 0.005)
    it = World()
    yield it
    it.running.cancel()
    await asyncio.gather(it.running, return_exceptions=True)


async def test_a_finished_call_is_written_and_noticing_it_does_not_wait(world: World) -> None:
    world.notice(row(1))
    assert world.store.rows == {}
    await world.store.tried(1)
    assert world.store.rows == {"C1-101": row(1)}


async def test_many_are_written_in_batches(world: World) -> None:
    for number in range(2 * BATCH + 1):
        world.notice(row(number))
    await world.store.tried(3)
    assert world.store.batches == [BATCH, BATCH, 1]


async def test_the_last_word_about_a_call_counts(world: World) -> None:
    world.notice(row(1, "missed"))
    world.notice(row(2))
    world.notice(row(1))
    world.notice(row(3))
    world.take_back(3)
    world.take_back(4)
    world.notice(row(4))
    await world.store.tried(2)
    await world.stop()
    assert world.store.rows == {one.id: one for one in (row(1), row(2), row(4))}


async def test_what_is_taken_back_later_goes(world: World) -> None:
    world.notice(row(1))
    await world.store.tried(1)
    world.take_back(1)
    await world.store.tried(2)
    assert world.store.rows == {}


async def test_a_full_disk_loses_nothing_and_is_told(world: World) -> None:
    world.store.full = True
    with capture_logs() as logs:
        world.notice(row(1))
        await world.store.tried(3)
        world.notice(row(2))
        world.store.full = False
        tries = world.store.tries
        await world.store.tried(tries + 1)
        await world.stop()
    assert set(world.store.rows) == {"C1-101", "C2-101"}
    assert [(one["event"], one["waiting"]) for one in logs] == [
        ("journal.write_failed", 1),
        ("journal.written_again", 0),
    ]
    assert logs[1]["dropped"] == 0


async def test_rows_without_room_are_counted_and_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ami_bridge.journal.writer.MOST_WAITING", 3)
    world.store.full = True
    with capture_logs() as logs:
        for number in range(8):
            world.notice(row(number))
        await world.store.tried(2)
        assert world.writer.waiting == 3
        world.store.full = False
        tries = world.store.tries
        await world.store.tried(tries + 1)
        await world.stop()
    assert set(world.store.rows) == {"C5-101", "C6-101", "C7-101"}
    assert [(one["event"], one.get("dropped")) for one in logs] == [
        ("journal.memory_full", None),
        ("journal.write_failed", None),
        ("journal.written_again", 5),
    ]


async def test_the_same_row_twice_is_not_popped_unsaved(monkeypatch: pytest.MonkeyPatch) -> None:
    """The very object that was written is noticed again while room is short: its second coming is saved too."""
    monkeypatch.setattr("ami_bridge.journal.writer.MOST_WAITING", 2)
    world = World()
    world.store.open.clear()
    again = row(1)
    world.notice(again)
    world.notice(row(2))
    await world.store.tried(1)
    world.take_back(1)
    world.notice(row(3))
    world.notice(again)
    world.store.open.set()
    await world.store.tried(2)
    await world.stop()
    assert set(world.store.rows) == {"C1-101", "C2-101", "C3-101"}


async def test_what_fails_while_a_later_word_is_there_does_not_come_back(world: World) -> None:
    world.store.open.clear()
    world.store.full = True
    world.notice(row(1))
    await world.store.tried(1)
    world.take_back(1)
    world.store.open.set()
    await world.store.tried(2)
    world.store.full = False
    tries = world.store.tries
    await world.store.tried(tries + 1)
    await world.stop()
    assert world.store.rows == {}


async def test_when_memory_is_full_the_oldest_give_way_and_none_of_the_newer_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ami_bridge.journal.writer.MOST_WAITING", 3)
    world = World()
    world.store.open.clear()
    for number in range(3):
        world.notice(row(number))
    await world.store.tried(1)  # the first three are being written
    for number in range(3, 5):
        world.notice(row(number))
    world.store.open.set()
    await world.store.tried(2)
    await world.stop()
    assert set(world.store.rows) == {f"C{number}-101" for number in range(5)}


async def test_what_waits_when_the_daemon_stops_is_written_then(world: World) -> None:
    await asyncio.sleep(0)
    world.notice(row(1))
    await world.stop()
    assert set(world.store.rows) == {"C1-101"}


async def test_being_stopped_in_the_middle_of_a_write_loses_nothing(world: World) -> None:
    world.store.open.clear()
    world.notice(row(1))
    await world.store.tried(1)
    world.notice(row(2))
    world.running.cancel()
    await world.store.tried(2)
    world.store.open.set()
    await asyncio.gather(world.running, return_exceptions=True)
    assert world.running.cancelled()
    assert set(world.store.rows) == {"C1-101", "C2-101"}


@pytest.mark.parametrize("dead", [True, False])
async def test_a_disk_that_is_dead_does_not_keep_the_daemon_from_stopping(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    dead: bool,  # noqa: FBT001 - a case
) -> None:
    monkeypatch.setattr("ami_bridge.journal.writer.LAST_WRITE_WITHIN", 0.05)
    if dead:
        world.store.open.clear()
    world.store.full = True
    await asyncio.sleep(0)
    world.notice(row(1))
    with capture_logs() as logs:
        await world.stop()
    assert [(one["event"], one["waiting"]) for one in logs] == [("journal.lost_at_stop", 1)]


async def test_it_is_told_what_has_changed_once_it_is_on_the_disk(world: World) -> None:
    world.store.open.clear()
    world.notice(row(1))
    await world.store.tried(1)
    assert world.told == []
    world.store.open.set()
    world.take_back(1)
    await world.store.tried(2)
    await world.stop()
    assert world.told == [Change((), [row(1)]), Change([row(1)], ())]


async def test_what_was_missed_is_written_before_somebody_has_called_back(world: World) -> None:
    world.writer.call_back(BACK)
    for number in range(BATCH + 1):
        world.notice(row(number, "missed"))
    await world.store.tried(3)
    await world.stop()
    ((said, there),) = world.store.called_back_when
    assert said == "ben +493023125001"
    assert len(there) == BATCH + 1


async def test_that_somebody_has_called_back_is_not_lost_while_the_disk_is_full(world: World) -> None:
    world.store.full = True
    world.writer.call_back(BACK)
    await world.store.tried(2)
    world.store.full = False
    tries = world.store.tries
    await world.store.tried(tries + 1)
    await world.stop()
    assert len(world.store.called_back_when) == 1
