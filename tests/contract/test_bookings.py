"""What was made of appointments, on SQLite and on PostgreSQL."""

from datetime import UTC, datetime, timedelta

from msgspec import structs

from ami_bridge.db.database import Database
from ami_bridge.rooms.bookings import Booking, BookingStore, Known

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOSTILE = "Robert'); DROP TABLE bookings;-- \u202e 'ü' %s :x"


async def test_each_calendar_has_its_own_and_remembers_where_the_look_ended(db: Database) -> None:
    store = BookingStore(db)
    assert await store.read("a") == Known()
    one = Booking(
        calendar="a", uid=HOSTILE, href="/a/ü.ics", etag='"1"', room="R", state="made", ends=NOON, seen_at=NOON
    )
    other = structs.replace(one, calendar="b", state="none", due=NOON)
    await store.keep(one)
    await store.keep(other)
    await store.looked("a", "token", NOON)
    await store.looked("a", "token 2", NOON + timedelta(hours=1))
    changed = structs.replace(one, etag="", tries=2, wanted="x")
    await store.keep(changed)
    assert await store.read("a") == Known(token="token 2", compared=NOON + timedelta(hours=1), bookings=[changed])
    assert not await store.is_made_elsewhere(changed), "in the other calendar it has no room"
    assert await store.is_made_elsewhere(other)
    await store.forget(changed)
    assert (await store.read("a")).bookings == []
    assert (await store.read("b")).bookings == [other]
