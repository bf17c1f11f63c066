"""Rooms and their PINs in the database."""

from collections.abc import Collection
from datetime import datetime

from msgspec.structs import asdict
from sqlalchemy import delete, insert, select, update

from ami_bridge.db.database import Database, read
from ami_bridge.db.tables import pins, rooms
from ami_bridge.rooms.model import Pin, Role, Room


class RoomStore:
    """Keeps rooms; those that have ended stay as long as their PINs must not be used again."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def all(self) -> tuple[list[Room], list[Pin]]:
        """Read everything, ended rooms and revoked PINs too."""
        async with self._db.transaction() as transaction:
            found = await transaction.rows(select(rooms).order_by(rooms.c.id))
            with_pins = await transaction.rows(select(pins).order_by(pins.c.id))
        return [read(row, Room) for row in found], [read(row, Pin) for row in with_pins]

    async def add(self, room: Room, its_pins: Collection[Pin]) -> None:
        """Keep a new room with its PINs."""
        async with self._db.transaction() as transaction:
            await transaction.run(insert(rooms).values(asdict(room)))
            if its_pins:
                await transaction.many(insert(pins), [asdict(pin) for pin in its_pins])

    async def change(self, room: Room) -> bool:
        """Keep a room as it is now; False where it has ended meanwhile."""
        its = (rooms.c.id == room.id) & rooms.c.ended_at.is_(None)
        return await self._db.run(update(rooms).where(its).values(asdict(room))) == 1

    async def add_pin(self, pin: Pin) -> None:
        """Keep one more PIN."""
        await self._db.run(insert(pins).values(asdict(pin)))

    async def change_pin(self, pin_id: str, role: Role) -> bool:
        """Make somebody moderate, or not; False where the PIN is over."""
        its = (pins.c.id == pin_id) & pins.c.revoked_at.is_(None)
        return await self._db.run(update(pins).where(its).values(role=role)) == 1

    async def revoke(self, pin_id: str, now: datetime) -> bool:
        """End a PIN; False where it was over already."""
        its = (pins.c.id == pin_id) & pins.c.revoked_at.is_(None)
        return await self._db.run(update(pins).where(its).values(revoked_at=now)) == 1

    async def purge(self, before: datetime) -> int:
        """Delete rooms that ended before this time, with their PINs; returns how many."""
        old = select(rooms.c.id).where(rooms.c.ended_at < before)
        async with self._db.transaction() as transaction:
            await transaction.run(delete(pins).where(pins.c.room.in_(old)))
            await transaction.run(delete(pins).where(pins.c.revoked_at < before))
            gone = await transaction.run(delete(rooms).where(rooms.c.ended_at < before))
        if gone:
            await self._db.forget_deleted()
        return gone
