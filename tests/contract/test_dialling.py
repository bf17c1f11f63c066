"""Keys and counts of what was dialled, on SQLite and on PostgreSQL."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from ami_bridge.calls.once import Wish
from ami_bridge.calls.store import DialledStore, KeyStore
from ami_bridge.db.database import Database

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOSTILE = "Robert'); DROP TABLE keys;-- \u202e 'ü' %s :x"


def wish(number: int = 1, **changes: object) -> Wish:
    values: dict[str, object] = {
        "login": "anna", "key": "k", "what": b"\x00\xff", "id": f"CALL{number}", "begun": NOON,
    }  # fmt: skip
    return Wish(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def keys(db: Database) -> KeyStore:
    return KeyStore(db)


class TestKeys:
    async def test_whoever_is_first_has_the_key(self, keys: KeyStore) -> None:
        claimed = await asyncio.gather(*(keys.claim(wish(number), since=NOON) for number in range(10)))
        assert len({one.id for one in claimed}) == 1
        assert await keys.find("anna", "k", since=NOON) == claimed[0]

    async def test_keys_of_others_are_others(self, keys: KeyStore) -> None:
        mine, theirs = wish(1, key=HOSTILE), wish(2, key=HOSTILE, login=HOSTILE)
        assert await keys.claim(mine, since=NOON) == mine
        assert await keys.claim(theirs, since=NOON) == theirs
        assert await keys.find(HOSTILE, HOSTILE, since=NOON) == theirs
        assert await keys.find("ben", HOSTILE, since=NOON) is None

    async def test_an_old_one_makes_room(self, keys: KeyStore) -> None:
        await keys.claim(wish(1), since=NOON - HOUR)
        assert await keys.find("anna", "k", since=NOON + HOUR) is None
        later = wish(2, begun=NOON + 2 * HOUR)
        assert await keys.claim(later, since=NOON + HOUR) == later

    async def test_done_is_noted_and_what_came_to_nothing_dropped(self, keys: KeyStore) -> None:
        await keys.claim(wish(1), since=NOON)
        await keys.done(wish(2))
        await keys.drop(wish(2))  # the key is another's by now
        assert await keys.find("anna", "k", since=NOON) == wish(1)
        await keys.done(wish(1))
        assert await keys.find("anna", "k", since=NOON) == structs.replace(wish(1), done=True)
        await keys.drop(wish(1))
        assert await keys.find("anna", "k", since=NOON) is None

    async def test_old_ones_go(self, keys: KeyStore) -> None:
        for number in range(5):
            await keys.claim(wish(number, key=str(number), begun=NOON + number * HOUR), since=NOON - HOUR)
        assert await keys.purge(NOON + 3 * HOUR) == 3


class TestDialled:
    async def test_what_counts_comes_back_oldest_first_and_the_rest_goes(self, db: Database) -> None:
        store = DialledStore(db)
        for number in (3, 1, 2):
            await store.add(f"CALL{number}", HOSTILE, NOON + number * HOUR)
        assert await store.since(NOON + 2 * HOUR) == [(HOSTILE, NOON + 2 * HOUR), (HOSTILE, NOON + 3 * HOUR)]
        assert await store.purge(NOON + 2 * HOUR) == 1
        assert len(await store.since(NOON)) == 2
