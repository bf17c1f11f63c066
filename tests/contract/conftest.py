"""The databases that contract tests run on: a SQLite file, and a PostgreSQL that is started for them."""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ami_bridge.db.database import Database, migrate, open_database
from ami_bridge.db.tables import metadata

BINARIES = Path("/usr/lib/postgresql/15/bin")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Postgres:
    """A PostgreSQL of the tests' own, on a unix socket and a free port of the local host."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.port = free_port()
        self._data = str(place / "data")
        self._daemon: subprocess.Popen[bytes] | None = None
        owner = pwd.getpwnam("postgres")
        self._prefix = (
            ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
            if os.geteuid() == 0
            else []
        )
        if self._prefix:
            os.chown(place, owner.pw_uid, owner.pw_gid)

    def start(self) -> None:
        log = (self.place / "log").open("wb")
        subprocess.run(
            [*self._prefix, f"{BINARIES}/initdb", "-D", self._data, "-A", "trust", "-U", "bridge", "-E", "UTF8", "-N"],
            check=True,
            stdout=log,
            stderr=log,
            cwd="/",
        )
        self._daemon = subprocess.Popen(
            [
                *[*self._prefix, f"{BINARIES}/postgres", "-D", self._data, "-k", str(self.place), "-p", str(self.port)],
                *["-h", "127.0.0.1", "-c", "fsync=off", "-c", "shared_buffers=16MB"],
            ],
            stdout=log,
            stderr=log,
            cwd="/",
        )
        log.close()
        ready = [f"{BINARIES}/pg_isready", "-q", "-h", str(self.place), "-p", str(self.port), "-t", "1"]
        for _ in range(100):
            if subprocess.run(ready, check=False).returncode == 0:
                return
            if self._daemon.poll() is not None:
                break
            try:
                self._daemon.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
        raise AssertionError((self.place / "log").read_text())

    def stop(self) -> None:
        if self._daemon is not None:
            self._daemon.send_signal(signal.SIGQUIT)
            self._daemon.wait(20)

    def sql(self, statement: str, database: str = "postgres") -> None:
        where = ["-h", str(self.place), "-p", str(self.port), "-U", "bridge", "-d", database]
        subprocess.run([f"{BINARIES}/psql", "-q", *where, "-c", statement], check=True)

    def new_database(self, name: str) -> str:
        self.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.sql(f"CREATE DATABASE {name}")
        return f"postgresql://bridge@127.0.0.1:{self.port}/{name}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    place = Path(tempfile.mkdtemp(prefix="amib-pg-"))  # not below pytest's own, which user postgres may not enter
    server = Postgres(place)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(place)


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    url = postgres.new_database("contract")
    asyncio.run(migrate(url))
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
async def db(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        async with open_database(f"sqlite://{tmp_path}/bridge.sqlite") as opened:
            yield opened
        return
    url = request.getfixturevalue("migrated")
    server = request.getfixturevalue("postgres")
    tables = ", ".join(metadata.tables)
    await asyncio.to_thread(server.sql, f"TRUNCATE {tables}", "contract")
    async with open_database(url) as opened:
        yield opened
