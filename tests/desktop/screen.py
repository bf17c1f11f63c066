"""A screen of its own: a real X server, a real D-Bus, a window manager, and one of the programs that show bubbles."""

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from ami_bridge.demo.processes import Process, caller

Shows = Literal["xfce4-notifyd", "dunst"]
PROGRAMS: dict[Shows, list[str]] = {
    "xfce4-notifyd": ["/usr/lib/x86_64-linux-gnu/xfce4/notifyd/xfce4-notifyd"],
    "dunst": ["/usr/bin/dunst"],
}
SOON = 10.0
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

    async def photograph(self, name: str) -> Path:
        PICTURES.mkdir(parents=True, exist_ok=True)
        path = PICTURES / f"{name}.png"
        await self.run("import", "-window", "root", str(path))
        return path
