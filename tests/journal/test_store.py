"""What SQLite's files still hold of calls that were deleted; the rest is in tests/contract/test_stores.py."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from ami_bridge.db.database import open_database
from ami_bridge.journal.model import JournalRow
from ami_bridge.journal.store import JournalStore

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def row(number: int, ended: datetime) -> JournalRow:
    return JournalRow(
        id=f"{number:05}",
        call_id=f"c{number}",
        pbx_id="rathaus",
        extension="101",
        direction="in",
        role="callee",
        result="answered",
        peer_number=f"+4930231{number:05}",
        line=None,
        started_at=ended,
        answered_at=ended,
        ended_at=ended,
    )


def all_bytes(place: Path) -> bytes:
    return b"".join(file.read_bytes() for file in place.iterdir())


async def test_numbers_of_purged_calls_are_in_no_file_and_the_others_stay(tmp_path: Path) -> None:
    async with open_database(f"sqlite://{tmp_path}/bridge.sqlite") as db:
        journal = JournalStore(db)
        await journal.add([row(n, NOON) for n in range(2900)])
        await journal.add([row(n, NOON + timedelta(days=31)) for n in range(2900, 2950)])
        assert await journal.purge(NOON + timedelta(days=1)) == 2900
        rest = all_bytes(tmp_path)
        left = [n for n in range(2950) if f"+4930231{n:05}".encode() in rest]
        assert left == list(range(2900, 2950))
