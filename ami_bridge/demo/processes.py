"""Programs the demo starts: without rights, in a folder as root where wanted, and gone when the demo is gone."""

import asyncio
import os
import pwd
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ami_bridge.errors import NotReachableError

ASTERISK = "asterisk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """As whom a program runs and to whom its files belong."""

    uid: int
    gid: int

    def give(self, *paths: Path) -> None:
        """Make these files and folders (and all in them) this account's."""
        for path in paths:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)
            for folder, names, files in os.walk(path):
                for name in [*names, *files]:
                    os.chown(os.path.join(folder, name), self.uid, self.gid, follow_symlinks=False)  # noqa: PTH118


def caller() -> Account:
    """Return who called us: the person behind sudo, else ourselves."""
    if os.getuid() == 0 and "SUDO_UID" in os.environ:
        return Account(uid=int(os.environ["SUDO_UID"]), gid=int(os.environ["SUDO_GID"]))
    return Account(uid=os.getuid(), gid=os.getgid())


def servant(root: Path | None) -> Account:
    """Return as whom Asterisk and the telephones run: the person behind sudo, else the system's user asterisk."""
    who = caller()
    if who.uid != 0:
        return who
    if root is None:
        try:
            entry = pwd.getpwnam(ASTERISK)
        except KeyError as error:
            raise NotReachableError(f"this machine has Asterisk and no user {ASTERISK} to run it as") from error
        return Account(uid=entry.pw_uid, gid=entry.pw_gid)
    for line in (root / "etc/passwd").read_text(encoding="utf-8").splitlines():
        name, _, uid, gid, *_rest = line.split(":")
        if name == ASTERISK:
            return Account(uid=int(uid), gid=int(gid))
    raise NotReachableError(f"{root}/etc/passwd has no user {ASTERISK}; remove the folder, it is made again")


def without_rights(argv: Sequence[str], *, account: Account, root: Path | None = None, but: str = "") -> list[str]:
    """Return the command that runs `argv` as this account, without capabilities `but` one, and ends with its parent.

    setpriv asks for the signal after it changed the user: the kernel forgets it at such a change.
    """
    return [
        *(["chroot", str(root)] if root else []),
        "setpriv",
        f"--reuid={account.uid}",
        f"--regid={account.gid}",
        "--clear-groups",
        "--no-new-privs",
        f"--inh-caps=-all{f',+{but}' if but else ''}",
        *([f"--ambient-caps=+{but}"] if but else []),
        f"--bounding-set=-all{f',+{but}' if but else ''}",
        "--pdeathsig=KILL",
        *argv,
    ]


class Process:
    """One running program of ours; ends with `stop`, or when we die."""

    def __init__(self, process: asyncio.subprocess.Process, name: str) -> None:
        self._process = process
        self.name = name

    @classmethod
    async def start(
        cls,
        argv: Sequence[str],
        *,
        name: str,
        account: Account,
        root: Path | None = None,
        output: Path | None = None,
        env: Mapping[str, str] | None = None,
        but: str = "",
    ) -> Self:
        """Start it; what it prints goes to the file `output` or nowhere. `but` is a capability that it keeps."""
        with (output or Path(os.devnull)).open("ab") as sink:
            if output:
                os.fchown(sink.fileno(), account.uid, account.gid)
            process = await asyncio.create_subprocess_exec(
                *without_rights(argv, account=account, root=root, but=but),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sink,
                stderr=asyncio.subprocess.STDOUT,
                env=dict(env) if env is not None else None,
                # Ctrl-C in the terminal is for the demo, which then ends its programs in order.
                start_new_session=True,
            )
        return cls(process, name)

    @property
    def pid(self) -> int:
        """Its process id: chroot and setpriv replace themselves."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.returncode is None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal if it still runs."""
        if self.running:
            self._process.send_signal(number)

    async def wait(self) -> int:
        """Wait until it ended, return its exit code."""
        return await self._process.wait()

    async def kill(self) -> None:
        """End it at once, as a crash would."""
        self.signal(signal.SIGKILL)
        await self._process.wait()

    async def stop(self, within: float = 5.0) -> None:
        """Ask it to end; force it after `within` seconds."""
        self.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(within):
                await self._process.wait()
        except TimeoutError:
            await self.kill()


async def output_of(
    argv: Sequence[str], *, account: Account, root: Path | None = None, within: float = 10.0, given: str = ""
) -> str:
    """Run a short program and return what it printed; `given` is what it reads."""
    process = await asyncio.create_subprocess_exec(
        *without_rights(argv, account=account, root=root),
        stdin=asyncio.subprocess.PIPE if given else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(within):
            printed, _ = await process.communicate(given.encode() or None)
    except TimeoutError as error:
        raise NotReachableError(f"{argv[0]} did not answer within {within:g} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return printed.decode(errors="replace")
