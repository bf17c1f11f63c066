"""A real Asterisk of the demo's or the tests' own."""

import asyncio
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from ami_bridge.demo.ports import LOCAL, PHONES, Ports, check_free
from ami_bridge.demo.processes import Account, Process, caller, output_of, servant
from ami_bridge.demo.programs import Programs, programs
from ami_bridge.demo.town import Secrets
from ami_bridge.errors import BusyError, NotReachableError, RefusedError
from ami_bridge.share import shared

READY_WITHIN = 30.0
JUDGE = """\
; Sees and may do everything; only in instances that tests start.
[judge]
secret = {secret}
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.1/255.255.255.255
read = all
write = all
writetimeout = 60000
"""


class Pbx:
    """One Asterisk with the town's configuration; `async with` starts and ends it."""

    def __init__(
        self,
        *,
        home: Path,
        instance: str,
        ports: Ports,
        secrets: Secrets | None = None,
        judge: bool = False,
        ring_seconds: int = 30,
        say: Callable[[str], None] = print,
    ) -> None:
        """Prepare it: programs in `home`/pbx, everything of its own in srv/`instance` below that."""
        self.ports = ports
        self.secrets = secrets or Secrets()
        self.instance = instance
        self.programs: Programs
        self.account: Account
        self.folder: Path
        """Its own things, as the host sees them."""
        self._home = home.resolve()
        self._judge = judge
        self._ring_seconds = ring_seconds
        self._say = say
        self._process: Process | None = None
        self._slots: set[int] = set()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self.programs = await stack.enter_async_context(programs(self._home / "pbx", say=self._say))
            check_free(self.ports)
            self.account = servant(self.programs.asterisk_root)
            self.folder = self.programs.root / "srv" / self.instance
            await asyncio.to_thread(self._write)
            await self._check_reach()
            stack.push_async_callback(self.stop)
            await self.start()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    # -- life ---------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start Asterisk and wait until it has booted."""
        self._process = await Process.start(
            ["asterisk", "-f", "-C", f"{self.inside}/etc/asterisk.conf"],
            name="asterisk",
            account=self.account,
            root=self.programs.asterisk_root,
            output=self.folder / "log" / "stdout",
        )
        try:
            async with asyncio.timeout(READY_WITHIN):
                await self._booted()
        except TimeoutError as error:
            raise NotReachableError(f"Asterisk did not start within {READY_WITHIN:g} s: {self._complaint()}") from error

    async def stop(self) -> None:
        """End Asterisk with a goodbye to everybody."""
        if self._process:
            await self._process.stop(within=8)
            self._process = None

    async def kill(self) -> None:
        """End Asterisk at once, as a crash would: no BYE, no events."""
        if self._process:
            await self._process.kill()
            self._process = None

    async def restart(self) -> None:
        """Stop Asterisk, if it runs, and start it again; registrations and AstDB stay."""
        await self.stop()
        await self.start()

    def freeze(self) -> None:
        """Stop its clock: sockets stay open and nobody answers."""
        if self._process:
            self._process.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        if self._process:
            self._process.signal(signal.SIGCONT)

    async def ended(self) -> None:
        """Wait until Asterisk is gone, for whatever reason."""
        if self._process:
            await self._process.wait()

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process and self._process.running else None

    # -- asking -------------------------------------------------------------------------------------------------------

    @property
    def inside(self) -> str:
        """Its own folder as Asterisk sees it."""
        return str(self.folder) if self.programs.host else f"/srv/{self.instance}"

    @property
    def phones_folder(self) -> Path:
        """Where telephones keep their things, as the host sees it."""
        return self.folder / "phones"

    @property
    def phones_inside(self) -> str:
        """The same as the telephones see it; they always run in the folder with the programs."""
        return f"/srv/{self.instance}/phones"

    @property
    def sipp_folder(self) -> Path:
        """Where played calls keep their scenarios and logs; seen by sipp as /srv/…."""
        return self.folder / "sipp"

    @property
    def names_folder(self) -> Path:
        """Where the daemon keeps spoken names for it."""
        return self.folder / "names"

    @property
    def recordings_folder(self) -> Path:
        """Where it writes recordings of conferences."""
        return self.folder / "recordings"

    @property
    def alarms_folder(self) -> Path:
        """Where the daemon keeps sounds and speech of alarms for it."""
        return self.folder / "alarms"

    @contextmanager
    def telephone_slot(self) -> Iterator[int]:
        """Lend a telephone its place among the ports."""
        for slot in range(PHONES):
            if slot not in self._slots:
                self._slots.add(slot)
                break
        else:
            raise BusyError(f"at most {PHONES} telephones fit into one instance")
        try:
            yield slot
        finally:
            self._slots.discard(slot)

    @property
    def cdr(self) -> Path:
        """Asterisk's call records (CSV; columns in dialplan/demo/cdr_custom.conf)."""
        return self.folder / "log/cdr-custom/Master.csv"

    @property
    def cel(self) -> Path:
        """Asterisk's channel events (CSV; columns in dialplan/demo/cel_custom.conf)."""
        return self.folder / "log/cel-custom/Master.csv"

    async def cli(self, command: str) -> str:
        """Ask Asterisk's own console."""
        printed = await output_of(
            ["asterisk", "-C", f"{self.inside}/etc/asterisk.conf", "-rx", command],
            account=self.account,
            root=self.programs.asterisk_root,
        )
        if "Unable to connect to remote asterisk" in printed:
            raise NotReachableError("Asterisk does not run")
        return printed

    async def channels(self) -> list[str]:
        """Names of the live channels, by Asterisk's own word."""
        lines = (await self.cli("core show channels concise")).splitlines()
        return [line.split("!")[0] for line in lines if "!" in line]

    async def registered(self) -> set[str]:
        """Extensions whose telephones are registered."""
        return set(re.findall(r"Contact:\s+(\d{3})/", await self.cli("pjsip show contacts")))

    async def quiet(self, within: float = 10.0) -> None:
        """Wait until no channel is left."""
        await self.until(self._no_channels, "channels were still up", within)

    async def until(self, check: Callable[[], object], complaint: str, within: float = 10.0) -> None:
        """Wait until an awaitable check says yes; for demos and tests."""
        end = time.monotonic() + within
        while True:
            result = check()
            if asyncio.iscoroutine(result):
                result = await result
            if result:
                return
            if time.monotonic() > end:
                raise NotReachableError(f"{complaint} after {within:g} s")
            await asyncio.sleep(0.05)

    async def _no_channels(self) -> bool:
        return not await self.channels()

    # -- making -------------------------------------------------------------------------------------------------------

    def _write(self) -> None:
        """Write its folder anew: configuration from dialplan/, with the words between @ signs replaced."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in (
            "etc/manager.d",
            "cache",
            "lib",
            "run",
            "spool",
            "log/cdr-custom",
            "log/cel-custom",
            "phones",
            "names",
            "recordings",
            "alarms",
        ):
            (self.folder / name).mkdir(parents=True)
        dialplan = shared("dialplan")
        for source in sorted([*dialplan.glob("*.conf"), *(dialplan / "demo").glob("*.conf")]):
            text = self._filled(source.read_text(encoding="utf-8"), source.name)
            (self.folder / "etc" / source.name).write_text(text, encoding="utf-8")
        for language in ("de", "en"):
            shutil.copytree(shared("sounds") / language, self.folder / "sounds" / language)
        for sound in shared("sounds").glob("alarm-*.*"):
            shutil.copy(sound, self.folder / "sounds")
        if self._judge:
            judge = JUDGE.format(secret=self.secrets.judge)
            (self.folder / "etc/manager.d/judge.conf").write_text(judge, encoding="utf-8")
        for secret in ("manager.conf", "pjsip.conf", "extensions.conf"):
            (self.folder / "etc" / secret).chmod(0o640)
        # The daemon and the host's telephones run as other users: they may pass through to their own folders.
        self.folder.chmod(0o751)
        for name in ("etc", "cache", "lib", "run", "spool", "log"):
            (self.folder / name).chmod(0o750)
        self.account.give(self.folder)
        caller().give(self.names_folder)
        self.recordings_folder.chmod(0o777)  # Asterisk writes them, the daemon deletes them
        caller().give(self.alarms_folder)

    async def _check_reach(self) -> None:
        """See whether Asterisk can read its configuration: the host's runs from here, below somebody's home perhaps."""
        argv = ["cat", f"{self.inside}/etc/asterisk.conf"]
        if "[directories]" not in await output_of(argv, account=self.account, root=self.programs.asterisk_root):
            raise RefusedError(
                f"the user who runs Asterisk (uid {self.account.uid}) cannot read {self.folder}/etc: "
                "a folder above is closed to others"
            )

    def _filled(self, text: str, name: str) -> str:
        words = {
            "HOME": self.inside,
            "INSTANCE": self.instance,
            "MODULES": self.programs.modules(),
            "DATA": self.programs.data(),
            "ROOM_SOUNDS": f"{self.inside}/sounds",
            "SIP_PORT": str(self.ports.sip),
            "TRUNK_PORT": str(self.ports.trunk),
            "RTP_FROM": str(self.ports.rtp),
            "RTP_TO": str(self.ports.rtp_to),
            "AMI_PORT": str(self.ports.ami),
            "AMI_SECRET": self.secrets.ami,
            "VIEWER_SECRET": self.secrets.viewer,
            "QUESTIONS_PORT": str(self.ports.questions),
            "QUESTIONS_SECRET": self.secrets.questions,
            "RING_SECONDS": str(self._ring_seconds),
            **{f"PASSWORD_{extension}": password for extension, password in self.secrets.sip.items()},
        }

        def word(found: re.Match[str]) -> str:
            if found[1] not in words:
                raise NotReachableError(f"{name} has @{found[1]}@, which nobody fills in")
            return words[found[1]]

        return re.sub(r"@([A-Z][A-Z0-9_]+)@", word, text)

    async def _booted(self) -> None:
        """Log in as the viewer, again and again, until Asterisk says that it has fully booted."""
        while self._process and self._process.running:
            try:
                reader, writer = await asyncio.open_connection(LOCAL, self.ports.ami)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            try:
                writer.write(f"Action: Login\r\nUsername: viewer\r\nSecret: {self.secrets.viewer}\r\n\r\n".encode())
                await reader.readuntil(b"FullyBooted")
            except (asyncio.IncompleteReadError, ConnectionError):
                await asyncio.sleep(0.05)
            else:
                return
            finally:
                writer.close()
        raise NotReachableError(f"Asterisk ended while it started: {self._complaint()}")

    def _complaint(self) -> str:
        """Return the last lines of what Asterisk said."""
        said: list[str] = []
        for name in ("stdout", "messages"):
            path = self.folder / "log" / name
            if path.exists():
                said += [
                    line for line in path.read_text(errors="replace").splitlines() if "ERROR" in line or "WARN" in line
                ]
        return "; ".join(said[-3:])[-500:] or f"see {self.folder / 'log'}"
