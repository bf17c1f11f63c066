"""Other programs of the session that the client starts: the browser, and one that makes a sound."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from ami_bridge.desktop.bubble import safe_link

Run = Callable[[Coroutine[Any, Any, None]], object]
LONGEST_SOUND = 30.0


async def open_in_browser(link: str) -> None:
    """Open an address of the web, and nothing else, with what the desktop has for it."""
    if safe_link(link) is not None:
        with contextlib.suppress(OSError):
            await (await _start(["xdg-open", link])).wait()


class Ringer:
    """Makes a sound when a call begins to ring, and is quiet when none does."""

    def __init__(self, player: Sequence[str], *, run: Run) -> None:
        self._player = player
        self._run = run
        self._ringing: AbstractSet[str] = frozenset()
        self._process: asyncio.subprocess.Process | None = None

    def rings(self, calls: AbstractSet[str]) -> None:
        """Say which calls ring now."""
        new, self._ringing = calls - self._ringing, calls
        if self._player and new and self._process is None:
            self._run(self._play())
        elif not calls and self._process is not None:
            _end(self._process)

    async def _play(self) -> None:
        try:
            self._process = await _start(self._player)
        except OSError:
            return
        try:
            if self._ringing:
                async with asyncio.timeout(LONGEST_SOUND):
                    await self._process.wait()
        except TimeoutError:
            pass
        finally:
            _end(self._process)
            self._process = None


async def _start(argv: Sequence[str]) -> asyncio.subprocess.Process:
    nothing = asyncio.subprocess.DEVNULL
    return await asyncio.create_subprocess_exec(
        *argv, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True
    )


def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
