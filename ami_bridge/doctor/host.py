"""The machine: secrets that others could read, room on the disk, the database."""

import asyncio
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct, structs

from ami_bridge.config import Config
from ami_bridge.config_file import SECRET_FILES
from ami_bridge.db import look, place
from ami_bridge.db.tables import SCHEMA
from ami_bridge.doctor.model import Finding, Kind, Words
from ami_bridge.errors import ConfigError

OPEN = Kind(
    code="files.secret_open",
    severity="error",
    what=Words(
        "Die Datei {file} mit einem Geheimnis kann jeder auf diesem Rechner lesen (Modus {mode}).",
        "The file {file} with a secret can be read by everybody on this machine (mode {mode}).",
    ),
    do=Words(
        "«chmod 0640 {file}», Gruppe des Dienstes; und das Geheimnis erneuern, wenn andere Zugang zum Rechner hatten.",
        "“chmod 0640 {file}”, group of the daemon; and change the secret if others had access to the machine.",
    ),
)
FILES_FINE = Kind(
    code="files.fine",
    severity="ok",
    what=Words(
        "{count} Dateien mit Geheimnissen kann sonst niemand lesen.",
        "Nobody else can read the {count} files with secrets.",
    ),
)
FULL = Kind(
    code="disk.full",
    severity="error",
    what=Words(
        "Auf dem Datenträger von {folder} sind nur noch {free} MB frei.",
        "The disk of {folder} has only {free} MB left.",
    ),
    do=Words(
        "Platz schaffen: ist er voll, wird kein Anruf mehr gespeichert.",
        "Make room: when it is full no call is kept any more.",
    ),
)
LOW = Kind(code="disk.low", severity="warning", what=FULL.what, do=FULL.do)
DISK_FINE = Kind(
    code="disk.fine",
    severity="ok",
    what=Words("Auf dem Datenträger von {folder} sind {free} MB frei.", "The disk of {folder} has {free} MB left."),
)
DATABASE = Kind(
    code="database.unusable",
    severity="error",
    what=Words("Die Datenbank ist nicht zu benutzen: {why}.", "The database cannot be used: {why}."),
    do=Words(
        "[database.url] und die Rechte des Dienstes prüfen; bei PostgreSQL einmal «ami-bridge migrate».",
        "Look at [database.url] and the daemon's rights; with PostgreSQL run “ami-bridge migrate” once.",
    ),
)
OLD_SCHEMA = Kind(
    code="database.schema_old",
    severity="warning",
    what=Words(
        "Die Datenbank hat das Schema {found}, gebraucht wird {wanted}.",
        "The database has the schema {found}, {wanted} is needed.",
    ),
    do=Words(
        "SQLite wird beim nächsten Start umgestellt; bei PostgreSQL «ami-bridge migrate».",
        "SQLite is migrated at the next start; with PostgreSQL run “ami-bridge migrate”.",
    ),
)
DATABASE_FINE = Kind(
    code="database.fine",
    severity="ok",
    what=Words("Die Datenbank antwortet; ihr Schema ist {schema}.", "The database answers; its schema is {schema}."),
)
LOW_BELOW = 1_000_000_000
FULL_BELOW = 100_000_000
MEGA = 1_000_000


class Host:
    """Looks at what lies on this machine."""

    def __init__(self, config: Config) -> None:
        self._config = config

    async def files(self) -> list[Finding]:
        """Look at the files with secrets."""
        return await asyncio.to_thread(self._files)

    def _files(self) -> list[Finding]:
        files = sorted(set(secret_files(self._config)))
        found = [
            OPEN(file=file, mode=f"{stat.S_IMODE(file.stat().st_mode):04o}")
            for file in files
            if is_open_to_others(file)
        ]
        return found or [FILES_FINE(count=len(files))]

    async def disk(self) -> list[Finding]:
        """Look at the room there is; a database elsewhere has its own watch."""
        kind, path = place.parse(self._config.database.url)
        if kind != "sqlite":
            return []
        folder = next(one for one in path.parents if one.is_dir())
        free = (await asyncio.to_thread(shutil.disk_usage, folder)).free
        judged = FULL if free < FULL_BELOW else LOW if free < LOW_BELOW else DISK_FINE
        return [judged(folder=folder, free=free // MEGA)]

    async def database(self) -> list[Finding]:
        """Look at the schema, without changing anything."""
        try:
            found = await look.revision(self._config.database.url)
        except ConfigError as error:
            return [DATABASE(why=str(error))]
        if found is not None and found > SCHEMA:
            return [DATABASE(why=f"{found} > {SCHEMA}")]
        return [DATABASE_FINE(schema=SCHEMA) if found == SCHEMA else OLD_SCHEMA(found=found or "-", wanted=SCHEMA)]


def secret_files(config: Struct) -> Iterator[Path]:
    """Give every file that the configuration reads a secret from."""
    for field in structs.fields(config):
        value = getattr(config, field.name)
        for one in value if isinstance(value, list | tuple) else [value]:
            if isinstance(one, Struct):
                yield from secret_files(one)
            elif field.encode_name in SECRET_FILES and isinstance(one, str) and one:
                yield Path(one)


def is_open_to_others(file: Path) -> bool:
    """Whether somebody who is neither its owner nor of its group can get there and read it."""
    try:
        ways = [*file.resolve().parents]
        return bool(file.stat().st_mode & stat.S_IROTH) and all(way.stat().st_mode & stat.S_IXOTH for way in ways)
    except OSError:
        return False
