"""The demo's groupware: a Radicale of its own with the town's people and address books."""

import asyncio
import json
import shutil
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from ami_bridge.demo import addresses, alarms
from ami_bridge.demo.addresses import Card
from ami_bridge.demo.ports import LOCAL
from ami_bridge.demo.processes import Account, Process, caller
from ami_bridge.demo.town import BRIDGE_USER, PEOPLE, Secrets
from ami_bridge.errors import NotReachableError

READY_WITHIN = 30.0
CONFIG = """\
[server]
hosts = {local}:{port}
max_connections = 40
[auth]
type = htpasswd
htpasswd_filename = {folder}/users
htpasswd_encryption = plain
delay = 0
[rights]
type = from_file
file = {folder}/rights
[storage]
filesystem_folder = {folder}/collections
[web]
type = none
[logging]
level = warning
"""
# Radicale looks from top to bottom; capital letters are for folders, small ones for books and calendars.
RIGHTS = """\
[root]
user: .+
collection:
permissions: R
[own folder]
user: .+
collection: {user}
permissions: RW
[own books]
user: .+
collection: {user}/[^/]+
permissions: rw
[booking calendar]
user: .+
collection: {bridge}/telefonkonferenz
permissions: rw
"""


class Radicale:
    """A running groupware; `async with` starts and ends it."""

    def __init__(self, *, folder: Path, port: int, secrets: Secrets) -> None:
        """Prepare it: everything of its own in `folder`, made anew at each start."""
        self.url = f"http://{LOCAL}:{port}/"
        self.user = BRIDGE_USER
        self.password = secrets.groupware
        self._folder = folder.resolve()
        self._port = port
        self._secrets = secrets
        self._account: Account = caller()
        self._stack = AsyncExitStack()

    @property
    def home(self) -> str:
        """Where the account's books and calendars are."""
        return f"{self.url}{BRIDGE_USER}/"

    @property
    def shared_book(self) -> str:
        """The address book "Stadt"."""
        return f"{self.home}stadt/"

    @property
    def staff_book(self) -> str:
        """The address book of those who work here."""
        return f"{self.home}staff/"

    @property
    def booking_calendar(self) -> str:
        """The calendar "Telefonkonferenz", in which everybody may write."""
        return f"{self.home}telefonkonferenz/"

    @property
    def duty_calendar(self) -> str:
        """The calendar "Bereitschaft Kläranlage"."""
        return f"{self.home}bereitschaft-klaeranlage/"

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await asyncio.to_thread(self._write)
            process = await Process.start(
                [sys.executable, "-m", "radicale", "--config", str(self._folder / "config")],
                name="radicale",
                account=self._account,
                output=self._folder / "log",
            )
            stack.push_async_callback(process.stop)
            await self._answers(process)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def _write(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True, mode=0o700)
        users = {BRIDGE_USER: self.password, **self._secrets.passwords}
        lines = [f"{user}:{password}" for user, password in users.items()]
        (self._folder / "users").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (self._folder / "users").chmod(0o600)
        (self._folder / "rights").write_text(RIGHTS.replace("{bridge}", BRIDGE_USER), encoding="utf-8")
        config = CONFIG.format(local=LOCAL, port=self._port, folder=self._folder)
        (self._folder / "config").write_text(config, encoding="utf-8")
        self._write_book(BRIDGE_USER, "staff", "Mitarbeitende", addresses.staff())
        self._write_book(BRIDGE_USER, "stadt", "Stadt", addresses.shared())
        self._folder_of(BRIDGE_USER, "telefonkonferenz", tag="VCALENDAR", label="Telefonkonferenz")
        duty = self._folder_of(
            BRIDGE_USER, "bereitschaft-klaeranlage", tag="VCALENDAR", label="Bereitschaft Kläranlage"
        )
        (duty / "bereitschaft-1.ics").write_text(alarms.DUTY, encoding="utf-8", newline="")
        for person in PEOPLE:
            if cards := addresses.private(person.user):
                self._write_book(person.user, "privat", "Privat", cards)
        self._account.give(self._folder)

    def _write_book(self, owner: str, name: str, label: str, cards: list[Card]) -> None:
        """Write a book as Radicale keeps it: quicker than 200 requests."""
        folder = self._folder_of(owner, name, tag="VADDRESSBOOK", label=label)
        for one in cards:
            (folder / f"{one.uid}.vcf").write_text(one.text, encoding="utf-8", newline="")

    def _folder_of(self, owner: str, name: str, *, tag: str, label: str) -> Path:
        folder = self._folder / "collections/collection-root" / owner / name
        folder.mkdir(parents=True)
        (folder / ".Radicale.props").write_text(json.dumps({"tag": tag, "D:displayname": label}), encoding="utf-8")
        return folder

    async def _answers(self, process: Process) -> None:
        """Wait until it listens."""
        try:
            async with asyncio.timeout(READY_WITHIN):
                while process.running:
                    try:
                        _, writer = await asyncio.open_connection(LOCAL, self._port)
                    except OSError:
                        await asyncio.sleep(0.05)
                        continue
                    writer.close()
                    return
        except TimeoutError:
            pass
        log = (self._folder / "log").read_text(errors="replace")[-300:]
        raise NotReachableError(f"the groupware (Radicale) did not start: {log}")
