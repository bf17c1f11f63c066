"""Copies of duty calendars, on SQLite and on PostgreSQL."""

from datetime import UTC, datetime, timedelta

from ami_bridge.alarms.duty_store import Copy, CopyStore, Kept
from ami_bridge.db.database import Database

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


async def test_the_last_good_copy_is_kept_with_what_has_been_the_trouble_since(db: Database) -> None:
    store = CopyStore(db)
    assert await store.read("duty") is None
    copy = Copy(calendar="duty", content={"/a/ü.ics": Kept('"1"', "BEGIN:'ü'"), "/b": Kept("")}, read_at=NOON)
    await store.keep(copy)
    assert await store.read("duty") == copy
    worse = Copy(
        calendar="duty", content=copy.content, read_at=NOON, trouble="away", trouble_since=NOON + timedelta(hours=1)
    )
    await store.keep(worse)
    await store.tell(frozenset({"gap/b", "gap/a"}), NOON)
    assert await store.read("duty") == worse
    assert await store.told() == {"gap/a", "gap/b"}
    await store.tell(frozenset(), NOON)
    assert await store.told() == frozenset()
