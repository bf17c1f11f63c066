"""Finished calls reach the disk, in batches, even if it is away for a while, and leave it in time."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from ami_bridge.errors import NotReachableError
from ami_bridge.journal.model import JournalRow
from ami_bridge.journal.writer import BATCH, Journal
from ami_bridge.wire import Result

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SOON = 5.0


def row(number: int, result: Result = "answered") -> JournalRow:
    return JournalRow(
        id=f"C{number}-101", call_id=f"C{number}", pbx_id="town", extension="101", direction="in", role="callee",
        result=result, peer_number=None, line=None, started_at=NOON, answered_at=NOON, ended_at=NOON,
    )  # fmt: skip


class Store:
    """A disk that can be full, slow, or dead."""

    def __init__(self) -> None:
        self.rows: dict[str, JournalRow] = {}
        self.batches: list[int] = []
        self.tries = 0
        self.full = False
        self.open = asyncio.Event()
        self.open.set()
        self.purged: datetime | None = None
        self._news = asyncio.Event()

    async def add(self, rows: Sequence[JournalRow]) -> None:
        await self._work()
        self.batches.append(len(rows))
        self.rows |= {one.id: one for one in rows}

    async def remove(self, ids: Collection[str]) -> None:
        await self._work()
        for one in ids:
            self.rows.pop(one, None)

    async def purge(self, before: datetime) -> int:
        self.purged = before
        return 7

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
        self.journal = Journal(store=self.store, keep_days=30, now=lambda: NOON)
        self.running = asyncio.get_running_loop().create_task(self.journal.run())

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
    world.journal.notice(row(1))
    assert world.store.rows == {}
    await world.store.tried(1)
    assert world.store.rows == {"C1-101": row(1)}


async def test_many_are_written_in_batches(world: World) -> None:
    for number in range(2 * BATCH + 1):
        world.journal.notice(row(number))
    await world.store.tried(3)
    assert world.store.batches == [BATCH, BATCH, 1]


async def test_the_last_word_about_a_call_counts(world: World) -> None:
    world.journal.notice(row(1, "missed"))
    world.journal.notice(row(2))
    world.journal.notice(row(1))
    world.journal.notice(row(3))
    world.journal.take_back("C3-101")
    world.journal.take_back("C4-101")
    world.journal.notice(row(4))
    await world.store.tried(2)
    await world.stop()
    assert world.store.rows == {one.id: one for one in (row(1), row(2), row(4))}


async def test_what_is_taken_back_later_goes(world: World) -> None:
    world.journal.notice(row(1))
    await world.store.tried(1)
    world.journal.take_back("C1-101")
    await world.store.tried(2)
    assert world.store.rows == {}


async def test_a_full_disk_loses_nothing_and_is_told(world: World) -> None:
    world.store.full = True
    with capture_logs() as logs:
        world.journal.notice(row(1))
        await world.store.tried(3)
        world.journal.notice(row(2))
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
            world.journal.notice(row(number))
        await world.store.tried(2)
        assert world.journal.waiting == 3
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
    world.journal.notice(again)
    world.journal.notice(row(2))
    await world.store.tried(1)
    world.journal.take_back("C1-101")
    world.journal.notice(row(3))
    world.journal.notice(again)
    world.store.open.set()
    await world.store.tried(2)
    await world.stop()
    assert set(world.store.rows) == {"C1-101", "C2-101", "C3-101"}


async def test_what_fails_while_a_later_word_is_there_does_not_come_back(world: World) -> None:
    world.store.open.clear()
    world.store.full = True
    world.journal.notice(row(1))
    await world.store.tried(1)
    world.journal.take_back("C1-101")
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
        world.journal.notice(row(number))
    await world.store.tried(1)  # the first three are being written
    for number in range(3, 5):
        world.journal.notice(row(number))
    world.store.open.set()
    await world.store.tried(2)
    await world.stop()
    assert set(world.store.rows) == {f"C{number}-101" for number in range(5)}


async def test_what_waits_when_the_daemon_stops_is_written_then(world: World) -> None:
    await asyncio.sleep(0)
    world.journal.notice(row(1))
    await world.stop()
    assert set(world.store.rows) == {"C1-101"}


async def test_being_stopped_in_the_middle_of_a_write_loses_nothing(world: World) -> None:
    world.store.open.clear()
    world.journal.notice(row(1))
    await world.store.tried(1)
    world.journal.notice(row(2))
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
    world.journal.notice(row(1))
    with capture_logs() as logs:
        await world.stop()
    assert [(one["event"], one["waiting"]) for one in logs] == [("journal.lost_at_stop", 1)]


async def test_what_is_older_than_allowed_is_forgotten(world: World) -> None:
    with capture_logs() as logs:
        await world.journal.forget()
    assert world.store.purged == NOON - timedelta(days=30)
    assert [(one["event"], one["rows"]) for one in logs] == [("journal.purged", 7)]
