"""Where the database lies: reading its address, and holding SQLite's directory for one daemon alone."""

import fcntl
import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from ami_bridge.errors import ConfigError

REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "ceph", "glusterfs", "fuse.glusterfs"})
"""File systems on which SQLite's locks do not hold."""


def parse(url: str) -> tuple[Literal["sqlite", "postgresql"], Path]:
    """Which kind of database, and SQLite's file (`sqlite:///var/lib/x` and `sqlite:////var/lib/x` are the same)."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ConfigError(f"[database.url]: is not an address: {error}") from error
    if parts.scheme == "postgresql":
        return "postgresql", Path()
    if parts.scheme != "sqlite":
        raise ConfigError("[database.url]: is neither sqlite:///PATH nor postgresql://…")
    name = unquote(parts.path).lstrip("/")
    if parts.netloc or parts.query or parts.fragment or not name or name.endswith("/") or "\0" in name:
        raise ConfigError("[database.url]: SQLite needs a file: sqlite:///var/lib/ami-bridge/bridge.sqlite")
    return "sqlite", Path("/") / name


def sqlite_url(path: Path) -> URL:
    """Return SQLAlchemy's address of the file."""
    return URL.create("sqlite+aiosqlite", database=str(path))


def postgresql_url(url: str) -> URL:
    """Return the same address for SQLAlchemy, with its asynchronous driver."""
    try:
        return make_url(url).set(drivername="postgresql+asyncpg")
    except (ArgumentError, ValueError) as error:
        raise ConfigError("[database.url]: is not postgresql://USER:PASSWORD@HOST/DATABASE") from error


@contextmanager
def occupied(path: Path) -> Iterator[None]:
    """Hold the file's directory; a second daemon is refused. What is made is readable by its owner alone."""
    directory = path.parent
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_remote(directory, Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace"))
        held = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise ConfigError(f"[database.url]: {directory} cannot be used: {error.strerror}") from error
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError(f"[database.url]: {directory} is in use by another ami-bridge; stop that one") from error
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
        except OSError as error:
            raise ConfigError(f"[database.url]: {path} cannot be written: {error.strerror}") from error
        yield
    finally:
        os.close(held)


def fresh(copy: Path) -> Path:
    """Make room for a copy; one left by a migration that failed is older than what stands in the file now."""
    copy.unlink(missing_ok=True)
    return copy


def copy_of(path: Path, schema: str) -> Path:
    """Return where the copy lies that is made before a migration to this schema."""
    return path.with_name(f"{path.name}.before-{schema}")


def drop_copies(path: Path, before: datetime | None = None) -> int:
    """Delete the copies beside this file, all or those that are older; returns how many."""
    copies = [
        one
        for one in path.parent.glob(f"{glob.escape(path.name)}.before-*")
        if before is None or one.stat().st_mtime < before.timestamp()
    ]
    for one in copies:
        one.unlink(missing_ok=True)
    return len(copies)


def _refuse_remote(directory: Path, mounts: str) -> None:
    where = directory.resolve()
    kinds = {}
    for line in mounts.splitlines():
        _, point, kind, *_ = line.split(" ")
        kinds[Path(point.replace("\\040", " "))] = kind
    nearest = next((kinds[at] for at in (where, *where.parents) if at in kinds), "")
    if nearest in REMOTE:
        raise ConfigError(f"[database.url]: {directory} is on {nearest}; SQLite needs a local disk")
