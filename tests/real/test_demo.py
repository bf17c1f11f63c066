"""`ami-bridge demo`: what it promises to other programs, and that it ends what it started and nothing else."""

import asyncio
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ami_bridge.demo.ports import check_free, first_taken, fixed, marked
from tests.limits import allowed
from tests.real.conftest import HOME, ROOT
from tests.real.house import SOAK

READY_WITHIN = 40.0
A_FIRST_START = 240.0
A_SECOND_START = 15.0  # seconds, on a quiet machine; the limit above allows for the tests' neighbours
OFFSETS = (300, 600, -300, -600, -900)  # away from `make demo`, and from the ports that `free` gives out
MARK = 5039  # a port that no demo uses
KEYS = {"web", "websocket", "sip", "trunk", "people", "groupware", "ami", "data", "pbx"}


@dataclass
class Demo:
    """A running demo in a folder of its own."""

    folder: Path
    offset: int
    process: asyncio.subprocess.Process
    promised: dict[str, Any]

    def children(self) -> dict[int, str]:
        """Pids and command lines of what it started."""
        found = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text(encoding="utf-8").rpartition(")")[2].split()[1])
                words = (stat.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (OSError, ValueError):
                continue
            if parent == self.process.pid and words:
                found[int(stat.parent.name)] = words
        return found

    def pid_of(self, word: str) -> int:
        """The one child whose command has this word."""
        (pid,) = [pid for pid, words in self.children().items() if word in words]
        return pid

    def has(self, word: str) -> bool:
        """Whether a child's command has this word."""
        return any(word in words for words in self.children().values())

    async def cli(self, *words: str) -> tuple[int, str]:
        """Run `ami-bridge …` beside it."""
        return await _cli(self.folder, self.offset, *words)

    async def ended(self, number: signal.Signals) -> int:
        """Stop it, say how it ended."""
        self.process.send_signal(number)
        async with asyncio.timeout(20):
            return await self.process.wait()


@contextmanager
def an_offset() -> Iterator[int]:
    """Moved ports for a demo, which no other test takes meanwhile."""
    for offset in OFFSETS:
        if mark := marked(MARK + offset):
            with mark:
                if first_taken(fixed(offset)) is None:
                    yield offset
                    return
    raise AssertionError("no ports for a demo are free")


@asynccontextmanager
async def a_demo(folder: Path) -> AsyncIterator[Demo]:
    """Start a demo on free ports, away from any that somebody runs in this working copy."""
    with an_offset() as offset:
        async with a_demo_at(folder, offset) as demo:
            yield demo


@asynccontextmanager
async def a_demo_at(folder: Path, offset: int) -> AsyncIterator[Demo]:
    home = folder / ".demo"
    home.mkdir()
    (home / "pbx").symlink_to(HOME / "pbx")
    with (folder / "printed").open("wb") as printed:
        process = await asyncio.create_subprocess_exec(
            *_command("demo"), cwd=folder, env=_env(offset), stdout=printed, stderr=printed, start_new_session=True
        )
    began = time.monotonic()
    try:
        ready = home / "demo.json"
        await _until(
            lambda: ready.exists() or process.returncode is not None, READY_WITHIN, "demo.json was not written"
        )
        assert process.returncode is None, (folder / "printed").read_text(encoding="utf-8")
        took = time.monotonic() - began
        print(f"the demo was ready after {took:.1f} s")
        assert took < A_SECOND_START * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
        yield Demo(folder, offset, process, json.loads(ready.read_text(encoding="utf-8")))
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
        shutil.rmtree(HOME / "pbx/srv" / f"demo{offset:+d}", ignore_errors=True)


@pytest.fixture
def folder(pbx: object, tmp_path: Path) -> Path:
    """A folder for a demo; the programs are there because `pbx` made them."""
    assert pbx
    return tmp_path


async def test_the_demo_keeps_its_promises_and_restarts_what_dies(folder: Path) -> None:
    async with a_demo(folder) as demo:
        promised = demo.promised
        assert set(promised) >= KEYS
        people = {one["user"]: one for one in promised["people"]}
        assert {user: one["phone"] for user, one in people.items()} == {
            "anna": "ring",
            "ben": "ring",
            "carla": "answer",
            "dieter": "answer",
            "eva": "none",
        }
        assert "plant" in people["dieter"]["roles"]
        assert "admin" in people["eva"]["roles"]
        assert len({one["token"] for one in people.values()}) == len(people)
        assert (demo.folder / promised["pbx"] / "usr/sbin/asterisk").exists()
        assert (demo.folder / ".demo/demo.json").stat().st_mode & 0o777 == 0o600
        await _signs_in(promised)
        _daemon_has_no_rights(demo.pid_of("ami_bridge run"))

        code, said = await demo.cli("demo", "call", "--to", "103", "--seconds", "0.5")
        assert (code, "answered" in said) == (0, True), said

        for word in ("asterisk -f", "ami_bridge run"):
            os.kill(demo.pid_of(word), signal.SIGKILL)
            killed = time.monotonic()
            await _until(partial(demo.has, word), allowed(3), f"{word} stayed dead")
            await _until_ready(promised, allowed(5))
            assert time.monotonic() - killed < allowed(5)
        code, said = await demo.cli("demo", "call", "--to", "+498999998104", "--seconds", "0.5")
        assert (code, "answered" in said) == (0, True), said

        code, said = await demo.cli("demo")
        assert (code, len(said.splitlines())) == (1, 1), said
        assert "is taken by another program" in said

        left = demo.children()
        assert await demo.ended(signal.SIGINT) == 0
        assert not (demo.folder / ".demo/demo.json").exists()
        assert not [words for pid, words in left.items() if _runs(pid)]
        check_free(fixed(demo.offset))


async def test_a_killed_demo_leaves_no_process(folder: Path) -> None:
    async with a_demo(folder) as demo:
        started = demo.children()
        assert len(started) >= 8
        await demo.ended(signal.SIGKILL)
        await _until(lambda: not any(_runs(pid) for pid in started), allowed(5), "something outlived the demo")


if SOAK:  # it downloads everything anew

    async def test_a_first_start_from_a_fresh_clone_takes_less_than_four_minutes(tmp_path: Path) -> None:
        clone = tmp_path / "clone"
        code, said = await _output("git", "clone", "--quiet", str(ROOT), str(clone))
        assert code == 0, said
        ready = clone / ".demo/demo.json"
        began = time.monotonic()
        with an_offset() as offset:
            process = await asyncio.create_subprocess_exec("make", "demo", cwd=clone, env=_env(offset))
            try:
                await _until(lambda: ready.exists() or process.returncode is not None, A_FIRST_START, "too long")
                assert process.returncode is None
                print(f"the first start took {time.monotonic() - began:.0f} s")
            finally:
                if process.returncode is None:
                    process.send_signal(signal.SIGINT)
                await process.wait()


async def _output(*argv: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *argv, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_a_call_without_a_demo_is_one_sentence(tmp_path: Path) -> None:
    code, said = await _cli(tmp_path, 0, "demo", "call")
    assert (code, said) == (1, "ami-bridge: no demo runs in this folder; start one by `make demo`\n")


async def test_a_call_to_no_number_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".demo").mkdir()
    (tmp_path / ".demo/demo.json").write_text('{"pbx": ".demo/pbx", "sip": {"port": 9}}', encoding="utf-8")
    code, said = await _cli(tmp_path, 0, "demo", "call", "--to", "101@evil")
    assert code == 1
    assert said.startswith("ami-bridge: --to '101@evil' is not a telephone number")


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "ami_bridge", *words]


def _env(offset: int) -> dict[str, str]:
    moved = {"AMI_BRIDGE_DEMO_PORTS": f"{offset:+d}" if offset else "", "PYTHONPATH": str(ROOT)}
    return {**os.environ, **moved}


async def _cli(folder: Path, offset: int, *words: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *_command(*words),
        cwd=folder,
        env=_env(offset),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(30):
        said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def _signs_in(promised: dict[str, Any]) -> None:
    """The page opens, and Anna's password is right at the groupware."""
    books = promised["groupware"]
    async with aiohttp.ClientSession() as session:
        async with session.get(promised["web"]) as page:
            assert page.status == 200
        headers = {"Authorization": aiohttp.encode_basic_auth(books["user"], books["password"])}
        async with session.request("PROPFIND", books["shared_book"], headers=headers) as answer:
            assert answer.status == 207


def _daemon_has_no_rights(pid: int) -> None:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert status["NoNewPrivs"] == "1"


async def _until_ready(promised: dict[str, Any], within: float) -> None:
    end = time.monotonic() + within
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < end:
            try:
                async with session.get(f"{promised['web']}readyz") as answer:
                    if answer.ok:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)
    raise AssertionError(f"not ready again within {within} s")


async def _until(check: Callable[[], object], within: float, complaint: str) -> None:
    end = time.monotonic() + within
    while not check():
        assert time.monotonic() < end, complaint
        await asyncio.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
