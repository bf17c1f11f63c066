"""A screen of its own: a real X server, a real D-Bus, a window manager, and one of the programs that show bubbles."""

import asyncio
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from ami_bridge.demo.processes import Process, caller
from ami_bridge.desktop import local

Shows = Literal["xfce4-notifyd", "dunst"]
PROGRAMS: dict[Shows, list[str]] = {
    "xfce4-notifyd": ["/usr/lib/x86_64-linux-gnu/xfce4/notifyd/xfce4-notifyd"],
    "dunst": ["/usr/bin/dunst"],
}
SOON = 10.0
LOWER = 19
"""Pixels from the lower edge of xfce4-notifyd's bubble to a line on which there is nothing but its buttons, grey."""
NARROWEST = 30
ROOT = Path(__file__).parents[2]
PICTURES = ROOT / ".cache" / "screenshots"


class XScreen:
    """One screen, for one person; everything of it in a folder of its own."""

    def __init__(self, shows: Shows) -> None:
        self.shows = shows
        self.folder = Path(tempfile.mkdtemp(prefix="amib-x-"))  # short: sockets are in it
        self.env: dict[str, str] = {}
        self.program: Process
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self.env = self._environment()
            self._write_programs()
            caller().give(self.folder)
            await self._start_x(stack)
            self.env["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={self.folder}/bus"
            await self._start(
                stack, "dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address=unix:path={self.folder}/bus"
            )
            await self.until((self.folder / "bus").exists)
            await self._start(stack, "openbox")
            self.program = await self._start(stack, *PROGRAMS[self.shows])
            async with asyncio.timeout(SOON):
                while "true" not in await self.dbus("NameHasOwner", "string:org.freedesktop.Notifications"):
                    await asyncio.sleep(0.02)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def connected(self) -> None:
        """Wait until the client of this screen has heard everything from the daemon."""
        async with asyncio.timeout(SOON):
            while not (await asyncio.to_thread(self._status)).startswith("connected"):
                await asyncio.sleep(0.02)

    def _status(self) -> str:
        try:
            return str(local.ask(local.Status(), at=local.address(self.env)).link)
        except local.NobodyThereError:
            return ""

    def opened(self) -> list[str]:
        """Return what was opened in the browser."""
        log = self.folder / "opened"
        return log.read_text().splitlines() if log.exists() else []

    def _write_programs(self) -> None:
        """What the session would open, and the menu that dunst uses."""
        programs = {
            "xdg-open": f'echo "$1" >>{self.folder}/opened',
            "dmenu": "grep -m1 Ablehnen",
        }
        (self.folder / "bin").mkdir()
        for name, text in programs.items():
            path = self.folder / "bin" / name
            path.write_text(f"#!/bin/sh\n{text}\n")
            path.chmod(0o755)
        dunst = Path(self.env["XDG_CONFIG_HOME"]) / "dunst"
        dunst.mkdir()
        (dunst / "dunstrc").write_text(f"[global]\ndmenu = {self.folder}/bin/dmenu\n")

    def _environment(self) -> dict[str, str]:
        folders = {
            name: self.folder / name.lower()
            for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR")
        }
        for path in folders.values():
            path.mkdir(mode=0o700)
        return {
            **{name: str(path) for name, path in folders.items()},
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "NO_AT_BRIDGE": "1",
        }

    async def _start_x(self, stack: AsyncExitStack) -> None:
        """Start it on a free display; it tells which."""
        number = self.folder / "display"
        number.touch()
        caller().give(number)
        command = f"exec Xvfb -displayfd 3 -screen 0 1280x800x24 -nolisten tcp 3>{number}"
        await self._start(stack, "sh", "-c", command)
        await self.until(lambda: number.read_text().endswith("\n"))
        self.env["DISPLAY"] = f":{number.read_text().strip()}"

    async def _start(self, stack: AsyncExitStack, *argv: str) -> Process:
        process = await Process.start(argv, name=argv[0], account=caller(), env=self.env, output=self.folder / "log")
        stack.push_async_callback(process.stop, 2)
        return process

    async def until(self, true: Callable[[], bool], within: float = SOON) -> None:
        async with asyncio.timeout(within):
            while not true():
                await asyncio.sleep(0.01)

    async def run(self, *argv: str) -> str:
        """Run a short program on this screen; return what it printed."""
        process = await asyncio.create_subprocess_exec(
            *argv, env=self.env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        async with asyncio.timeout(SOON):
            said, _ = await process.communicate()
        return said.decode(errors="replace")

    async def dbus(self, member: str, *values: str) -> str:
        return await self.run(
            "dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus",
            f"org.freedesktop.DBus.{member}", *values,
        )  # fmt: skip

    async def windows(self) -> list[tuple[int, int, int, int]]:
        """Where the bubbles are that can be seen: x, y, width, height."""
        said = await self.run(
            "xdotool", "search", "--onlyvisible", "--class", self.shows, "getwindowgeometry", "--shell", "%@"
        )
        one_value = re.compile(r"^(X|Y|WIDTH|HEIGHT)=(-?\d+)$", re.MULTILINE)
        found = [dict(one_value.findall(one)) for one in said.split("WINDOW=")[1:]]
        return [(int(one["X"]), int(one["Y"]), int(one["WIDTH"]), int(one["HEIGHT"])) for one in found]

    async def bubble(self, within: float = SOON) -> tuple[int, int, int, int]:
        """Wait for a bubble; return where it is."""
        async with asyncio.timeout(within):
            while not (found := await self.windows()):
                await asyncio.sleep(0.02)
        return found[0]

    async def empty(self, within: float = SOON) -> None:
        """Wait until no bubble can be seen."""
        async with asyncio.timeout(within):
            while await self.windows():
                await asyncio.sleep(0.05)

    async def click(self, button: int) -> None:
        """Press a button of xfce4-notifyd's bubble, counted from the left."""
        x, y, width, height = await self.bubble()
        low = y + height - LOWER
        row = await self.run("import", "-window", "root", "-crop", f"{width}x1+{x}+{low}", "txt:-")
        pixels = re.findall(r"^(\d+),0:.*(#[0-9A-F]+)", row, re.MULTILINE)
        grey = [int(at) for at, colour in pixels if colour < "#FC"]
        found: list[list[int]] = []
        for at in grey:
            if found and at - found[-1][-1] <= 2:
                found[-1].append(at)
            else:
                found.append([at])
        wide = [one for one in found if len(one) > NARROWEST]
        middle = wide[button][len(wide[button]) // 2]
        await self.run("xdotool", "mousemove", str(x + middle), str(low), "click", "1")

    async def photograph(self, name: str) -> Path:
        PICTURES.mkdir(parents=True, exist_ok=True)
        path = PICTURES / f"{name}.png"
        await self.run("import", "-window", "root", str(path))
        return path


class Mapped:
    """When windows appear on a screen, as the X server tells."""

    def __init__(self, screen: XScreen) -> None:
        self._screen = screen
        self.times: list[float] = []
        """Unix times."""

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            "xev", "-root", "-event", "substructure",
            env=self._screen.env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        self._reading = asyncio.get_running_loop().create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.terminate()
        await self._process.wait()
        await self._reading

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            if line.startswith(b"MapNotify"):
                self.times.append(time.time())
