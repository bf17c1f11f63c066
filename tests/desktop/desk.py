"""Somebody at a desk with `ami-dial`: the program as it is started by a key or a browser, and what it asks of whom."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from ami_bridge.demo.processes import caller, without_rights
from ami_bridge.desktop import local
from ami_bridge.desktop.local import Answer, Dial, Question
from tests.desktop.screen import SOON, XScreen

DIAL = str(Path(sys.executable).with_name("ami-dial"))
CALL = "01JD0000000000000000000001"


class Desk:
    """A desk on a screen, with settings of its own."""

    def __init__(self, screen: XScreen, folder: Path) -> None:
        self.screen = screen
        runtime = folder / "run"
        runtime.mkdir(mode=0o700)
        (folder / "config" / "ami-bridge").mkdir(parents=True)
        self.folder = folder
        self.env = {**screen.env, "XDG_CONFIG_HOME": str(folder / "config"), "XDG_RUNTIME_DIR": str(runtime)}
        self._opened = len(screen.opened())
        caller().give(folder)

    def set(self, toml: str, *, token: str | None = None) -> None:
        home = self.folder / "config" / "ami-bridge"
        (home / "desktop.toml").write_text(toml, encoding="utf-8")
        if token is not None:
            (home / "token").write_text(token + "\n", encoding="utf-8")
        caller().give(self.folder)

    async def start(self, *words: str, **env: str) -> asyncio.subprocess.Process:
        """Start `ami-dial`, as a key or a browser does."""
        return await self.start_program(DIAL, *words, **env)

    async def start_program(self, *words: str, **env: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *without_rights(words, account=caller()),
            env={**self.env, **env},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def dial(self, *words: str, **env: str) -> tuple[int, str]:
        """Run `ami-dial` to its end; returns its exit code and what it said."""
        return await over(await self.start(*words, **env))

    @asynccontextmanager
    async def client(self, *answers: Answer) -> AsyncIterator["Client"]:
        """Let a client run on this screen."""
        client = Client(list(answers))
        at = local.address(self.env)
        with local.only_one(at):
            async with local.serve(at, client.answer):
                caller().give(at.parent)
                yield client

    async def opened(self) -> str:
        """Wait for the address that the browser was told."""
        await self.screen.until(lambda: len(self.screen.opened()) > self._opened)
        return self.screen.opened()[-1]


async def over(process: asyncio.subprocess.Process, typed: bytes = b"") -> tuple[int, str]:
    async with asyncio.timeout(SOON):
        said, _ = await process.communicate(typed)
    return process.returncode or 0, said.decode()


@dataclass
class Client:
    """What `ami-bridge-desktop` is for `ami-dial`."""

    answers: list[Answer]
    asked: list[Question] = field(default_factory=list)

    async def answer(self, question: Question) -> Answer:
        self.asked.append(question)
        return self.answers.pop(0) if self.answers else Answer(ok=True, call=CALL)

    @property
    def dialled(self) -> list[str]:
        return [one.to for one in self.asked if isinstance(one, Dial)]


@dataclass
class Rest:
    """The daemon's REST, for a program without a client: notes what was asked, answers as told."""

    url: str = ""
    asked: list[tuple[str | None, str | None, Any]] = field(default_factory=list)
    """Authorization, key, and the wish."""
    answers: list[tuple[int, dict[str, Any]] | None] = field(default_factory=list)
    """Status and body; None cuts the connection."""
    name: str | None = "Erika Mustermann"

    async def dial(self, request: web.Request) -> web.Response:
        headers = request.headers
        self.asked.append((headers.get("Authorization"), headers.get("Idempotency-Key"), await request.json()))
        answer = self.answers.pop(0) if self.answers else (201, {"call": CALL})
        if answer is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return web.json_response(answer[1], status=answer[0])

    async def calls(self, _request: web.Request) -> web.Response:
        call = {
            "id": CALL, "pbx": "rathaus", "rev": 1, "state": "dialing", "direction": "out", "role": "caller",
            "since": "2026-11-28T09:00:00Z", "peer": {"name": self.name},
        }  # fmt: skip
        return web.json_response({"calls": [call]})


@asynccontextmanager
async def rest() -> AsyncIterator[Rest]:
    daemon = Rest()
    app = web.Application()
    app.router.add_post("/telefon/api/v1/calls", daemon.dial)
    app.router.add_get("/telefon/api/v1/calls", daemon.calls)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    daemon.url = f"http://127.0.0.1:{runner.addresses[0][1]}/telefon"
    try:
        yield daemon
    finally:
        await runner.cleanup()


async def still(screen: XScreen) -> tuple[int, int, int, int]:
    """Wait until a bubble has come and stands still, so that it can be clicked."""
    before: list[tuple[int, int, int, int]] = []
    async with asyncio.timeout(SOON):
        while not (windows := await screen.windows()) or windows != before:
            before = windows
            await asyncio.sleep(0.1)
    return windows[0]


async def forget(screen: XScreen) -> None:
    """Take away what bubbles are left, as a person would."""
    for window in reversed(await screen.windows()):
        await screen.run("xdotool", "mousemove", str(window[0] + 10), str(window[1] + 10), "click", "1")
    await screen.empty()


async def click(screen: XScreen, right: int, *, bottom: int = 30) -> None:
    """Press what is so many points from the right and lower edge of the bubble."""
    x, y, width, height = await still(screen)
    await screen.run("xdotool", "mousemove", str(x + width - right), str(y + height - bottom), "click", "1")
