"""The telephones' credentials in the database."""

from datetime import datetime

from msgspec.structs import asdict
from sqlalchemy import delete, insert, select, update

from ami_bridge.db.database import Database, read
from ami_bridge.db.tables import devices
from ami_bridge.phonebooks.model import Device


class DeviceStore:
    """Telephones; secrets come here as SHA-256 only."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def all(self) -> list[tuple[Device, bytes]]:
        """Read every telephone, with the hash of its secret."""
        rows = await self._db.rows(select(devices).order_by(devices.c.name))
        return [(read(row, Device), bytes(row.hash)) for row in rows]

    async def replace(self, device: Device, secret_hash: bytes) -> None:
        """Keep a telephone, in place of one of the same name."""
        async with self._db.transaction() as transaction:
            await transaction.run(delete(devices).where(devices.c.name == device.name))
            await transaction.run(insert(devices).values(**asdict(device), hash=secret_hash))

    async def used(self, name: str, now: datetime) -> None:
        """Note a use."""
        await self._db.run(update(devices).where(devices.c.name == name).values(last_used=now))

    async def revoke(self, name: str) -> bool:
        """Forget a telephone; False where there was none."""
        return await self._db.run(delete(devices).where(devices.c.name == name)) == 1
