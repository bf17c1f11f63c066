"""A real PostgreSQL that the tests start for themselves, with Debian's programs."""

import contextlib
import os
import pwd
import signal
import subprocess
from pathlib import Path
from typing import BinaryIO

from ami_bridge.demo.ports import free_tcp

BINARIES = Path("/usr/lib/postgresql/15/bin")


class Postgres:
    """A PostgreSQL of the tests' own, on a unix socket and a free port of the local host."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.port = free_tcp()
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
        with (self.place / "log").open("wb") as log:
            self._make(log)
        self.run()

    def _make(self, log: BinaryIO) -> None:
        subprocess.run(
            [*self._prefix, f"{BINARIES}/initdb", "-D", self._data, "-A", "trust", "-U", "bridge", "-E", "UTF8", "-N"],
            check=True,
            stdout=log,
            stderr=log,
            cwd="/",
        )

    def run(self) -> None:
        """Start it with what it has, and wait until it answers."""
        log = (self.place / "log").open("ab")
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

    def kill(self) -> None:
        """End it and all that it has begun at once, as a crash would."""
        if self._daemon is not None:
            pid = self._daemon.pid
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
            self._daemon.kill()
            for child in map(int, children):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            self._daemon.wait(20)

    def sql(self, statement: str, database: str = "postgres") -> None:
        where = ["-h", str(self.place), "-p", str(self.port), "-U", "bridge", "-d", database]
        subprocess.run([f"{BINARIES}/psql", "-q", *where, "-c", statement], check=True)

    def new_database(self, name: str) -> str:
        self.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.sql(f"CREATE DATABASE {name}")
        return f"postgresql://bridge@127.0.0.1:{self.port}/{name}"
