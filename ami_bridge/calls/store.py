"""Keys of what was asked for, and how often somebody dialled, in the database."""

from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ami_bridge.calls.once import Wish
from ami_bridge.db.database import Database, read
from ami_bridge.db.tables import dialled, keys


class KeyStore:
    """Keys by person; a key is anybody's own."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def find(self, login: str, key: str, *, since: datetime) -> Wish | None:
        """Return what was asked for under this key, unless that is too long ago."""
        found = await self._db.rows(select(keys).where(_same(login, key), keys.c.begun >= since))
        return read(found[0], Wish) if found else None

    async def claim(self, wish: Wish, *, since: datetime) -> Wish:
        """Keep it, unless something of the same key is kept: the one that is kept is returned."""
        insert = postgresql.insert if self._db.dialect == "postgresql" else sqlite.insert
        new = insert(keys).values(msgspec.structs.asdict(wish)).on_conflict_do_nothing()
        async with self._db.transaction() as transaction:
            await transaction.run(delete(keys).where(_same(wish.login, wish.key), keys.c.begun < since))
            if await transaction.run(new) == 1:
                return wish
            found = await transaction.rows(select(keys).where(_same(wish.login, wish.key)))
        return read(found[0], Wish)

    async def done(self, wish: Wish) -> None:
        """Note that it is done."""
        await self._db.run(update(keys).where(_same(wish.login, wish.key), keys.c.id == wish.id).values(done=True))

    async def drop(self, wish: Wish) -> None:
        """Forget it: nothing was done."""
        await self._db.run(delete(keys).where(_same(wish.login, wish.key), keys.c.id == wish.id))

    async def purge(self, before: datetime) -> int:
        """Delete what was asked for before; returns how many."""
        return await self._db.run(delete(keys).where(keys.c.begun < before))


class DialledStore:
    """Who dialled when, for limits: no number, and no longer than a day."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, id_: str, login: str, at: datetime) -> None:
        """Keep one."""
        await self._db.run(dialled.insert().values(id=id_, login=login, at=at))

    async def since(self, at: datetime) -> list[tuple[str, datetime]]:
        """Read who has dialled since, oldest first."""
        found = await self._db.rows(select(dialled).where(dialled.c.at >= at).order_by(dialled.c.at))
        return [(row.login, row.at) for row in found]

    async def purge(self, before: datetime) -> int:
        """Delete what is older; returns how many."""
        return await self._db.run(delete(dialled).where(dialled.c.at < before))


def _same(login: str, key: str) -> ColumnElement[bool]:
    return and_(keys.c.login == login, keys.c.key == key)
