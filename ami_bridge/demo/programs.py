"""The folder with Asterisk's and the telephones' programs: a small Debian, made once, shared by demos and tests."""

import asyncio
import fcntl
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ami_bridge.demo.processes import caller
from ami_bridge.errors import BridgeError, NotAllowedError, NotReachableError, RefusedError

SUITE = "forky"
PACKAGES = (
    "asterisk",
    "asterisk-core-sounds-en-gsm",
    "asterisk-prompt-de",
    "asterisk-moh-opsound-gsm",
    "baresip-core",
    "sip-tester",
)
MADE_OF = "ami-bridge.made-of"
WANTED = (22, 10, 1)
OLDEST_MAJOR = 20
MAKE_WITHIN = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """Where the programs are."""

    root: Path
    """The folder: telephones always come from here."""
    host: bool = False
    """Whether Asterisk is the host's instead of the folder's."""

    @property
    def asterisk_root(self) -> Path | None:
        """The folder in which Asterisk runs, None for the host itself."""
        return None if self.host else self.root

    def modules(self) -> str:
        """Asterisk's folder of modules, as Asterisk sees it; its name has the machine's architecture."""
        base = self.asterisk_root or Path("/")
        for found in sorted(base.glob("usr/lib/*/asterisk/modules")) or sorted(base.glob("usr/lib/asterisk/modules")):
            return f"/{found.relative_to(base)}"
        raise NotReachableError(f"no modules of Asterisk were found below {base}/usr/lib")

    def data(self) -> str:
        """Asterisk's folder of prompts and music, as Asterisk sees it."""
        base = self.asterisk_root or Path("/")
        shared = "usr/share/asterisk"
        return f"/{shared}" if (base / shared / "sounds").is_dir() else "/var/lib/asterisk"


def judge_version(printed: str) -> str | None:
    """Say what is wrong with a host's Asterisk, from what `asterisk -V` prints; None if nothing is.

    Raises RefusedError where it is too old to be served at all.
    """
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", printed)
    if not found:
        raise RefusedError(f"the Asterisk on this machine does not tell its version: {printed.strip()[:60]!r}")
    version = tuple(int(part or 0) for part in found.groups())
    if version[0] < OLDEST_MAJOR:
        raise RefusedError(
            f"Asterisk {found[0]} on this machine is too old: below {OLDEST_MAJOR} the manager's lists "
            "and filters differ; unset AMI_BRIDGE_ASTERISK to use Debian's 22"
        )
    if version < WANTED:
        return (
            f"WARNING: Asterisk {found[0]} is older than 22.10.1, which closes holes in the manager interface "
            "(among them CVE-2024-42365: Originate could run programs). Do not use it for real calls."
        )
    return None


@asynccontextmanager
async def programs(
    folder: Path, *, say: Callable[[str], None], packages: Sequence[str] = PACKAGES
) -> AsyncIterator[Programs]:
    """Have the folder, make it if it is missing, and keep others from replacing it meanwhile."""
    if os.getuid() != 0:
        raise NotAllowedError("The demo's PBX needs root (chroot): run it as root or with sudo")
    folder.parent.mkdir(parents=True, exist_ok=True)
    os.chown(folder.parent, caller().uid, caller().gid)
    lock = folder.with_name(folder.name + ".lock").open("w")
    os.fchown(lock.fileno(), caller().uid, caller().gid)
    try:
        await _lock(lock.fileno(), fcntl.LOCK_SH, say)
        if not _is_whole(folder, packages):
            fcntl.flock(lock, fcntl.LOCK_UN)
            await _lock(lock.fileno(), fcntl.LOCK_EX, say)
            if not _is_whole(folder, packages):
                await _make(folder, packages, say)
            await _lock(lock.fileno(), fcntl.LOCK_SH, say)
        yield Programs(root=folder, host=await _use_host(say))
    finally:
        lock.close()


def _is_whole(folder: Path, packages: Sequence[str] = PACKAGES) -> bool:
    try:
        return (folder / MADE_OF).read_text(encoding="utf-8").split() == [SUITE, *packages]
    except OSError:
        return False


async def _lock(descriptor: int, how: int, say: Callable[[str], None]) -> None:
    """Take a lock, waiting for another that makes or uses the folder."""
    for turn in range(int(MAKE_WITHIN * 2)):
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if turn == 0:
                say("Another demo or test is making or using the folder with the programs: waiting for it …")
            await asyncio.sleep(0.5)
        else:
            return
    raise NotReachableError(f"the folder with the programs was in use for {MAKE_WITHIN:g} s")


async def _use_host(say: Callable[[str], None]) -> bool:
    if os.environ.get("AMI_BRIDGE_ASTERISK", "") != "host":
        return False
    if not shutil.which("asterisk"):
        raise RefusedError("AMI_BRIDGE_ASTERISK=host is set, and no program asterisk is found on this machine")
    _, printed = await _run(["asterisk", "-V"], within=20)
    if warning := judge_version(printed):
        say(warning)
    return True


async def _make(folder: Path, packages: Sequence[str], say: Callable[[str], None]) -> None:
    """Make the folder beside its place and rename it when it is whole."""
    await _need("mmdebstrap", "mmdebstrap", say)
    await _need("setpriv", "util-linux", say)
    say(f"Making {folder} with {packages[0]} and more (Debian {SUITE}, about 140 MB to load, once) …")
    making = folder.with_name(f"{folder.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    options = [
        "--mode=root",
        "--variant=minbase",
        # A mirror may be a few days behind; the signature is checked all the same.
        '--aptopt=Acquire::Check-Valid-Until "false"',
        '--aptopt=APT::Install-Recommends "false"',
        f"--include={','.join(packages)}",
    ]
    log = folder.with_name(f"{folder.name}.making.log")
    mirror = await _mirror()
    code, printed = await _run(
        ["mmdebstrap", *options, SUITE, str(making), *([mirror] if mirror else [])],
        within=MAKE_WITHIN,
        say=say,
        log=log,
    )
    if code != 0:
        shutil.rmtree(making, ignore_errors=True)
        errors = [line for line in printed.splitlines() if line.startswith("E:")] or printed.splitlines()[-1:]
        raise NotReachableError(f"mmdebstrap could not make the folder ({'; '.join(errors)[:300]}); all of it: {log}")
    await asyncio.to_thread(_finish, making, folder, packages)
    say("The folder is ready; it is kept for the next time.")


def _finish(making: Path, folder: Path, packages: Sequence[str]) -> None:
    """Mark the folder as whole and put it in its place."""
    (making / "srv").mkdir(exist_ok=True)
    (making / MADE_OF).write_text("\n".join([SUITE, *packages]) + "\n", encoding="utf-8")
    if caller().uid != 0:
        caller().give(making)  # so that who called sudo can remove it without
    if folder.exists():
        shutil.rmtree(folder)
    making.rename(folder)


async def _mirror() -> str | None:
    """Return the host's own Debian mirror; on another distribution mmdebstrap chooses."""
    if not shutil.which("apt-get"):
        return None
    _, printed = await _run(["apt-get", "indextargets", "--format", "$(ORIGIN) $(LABEL) $(REPO_URI)"], within=60)
    for line in printed.splitlines():
        match line.split():
            case ["Debian", "Debian", uri]:
                return uri
    return None


async def _need(program: str, package: str, say: Callable[[str], None]) -> None:
    """Install a missing program of the host."""
    if shutil.which(program):
        return
    say(f"Installing {package} …")
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y", "--no-install-recommends"]
    await _run([*quiet, "update"], within=300)
    code, printed = await _run([*quiet, "install", package, "debian-archive-keyring"], within=600)
    if code != 0:
        raise NotReachableError(f"apt-get could not install {package}: {printed.strip().splitlines()[-1:]}")


async def _run(
    argv: list[str], *, within: float, say: Callable[[str], None] | None = None, log: Path | None = None
) -> tuple[int, str]:
    """Run a program of the host; with `say`, tell its steps now and then."""
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout  # noqa: S101 - asked for above
    lines: list[str] = []
    try:
        async with asyncio.timeout(within):
            async for raw in process.stdout:
                lines.append(raw.decode(errors="replace").rstrip())
                if say and lines[-1].startswith("I:"):
                    say(f"  {lines[-1][3:]}")
            await process.wait()
    except TimeoutError as error:
        raise NotReachableError(f"{argv[0]} did not end within {within:g} s") from error
    finally:
        if process.returncode is None:
            process.terminate()  # mmdebstrap cleans up after itself
            await process.wait()
        if log:
            await asyncio.to_thread(log.write_text, "\n".join(lines) + "\n", encoding="utf-8")
    return process.returncode or 0, "\n".join(lines)


async def _have(folder: Path) -> None:
    async with programs(folder, say=print):
        pass


if __name__ == "__main__":  # `make test` makes the folder first: no test has a time limit for a download
    try:
        asyncio.run(_have(Path(sys.argv[1]).resolve()))
    except BridgeError as error:
        sys.exit(str(error))
