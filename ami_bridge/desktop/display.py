"""Whether the screen is still there: its end ends the client, even where the bus lives on for others."""

import asyncio
import socket
from collections.abc import Mapping

LOOK_EVERY = 15.0


async def until_gone(environ: Mapping[str, str], over: asyncio.Event) -> None:
    """Set `over` when the X server of this session is gone; where it cannot be asked, wait for ever."""
    where = _address(environ.get("DISPLAY", ""))
    if where is None or not _listens(where):
        return
    while _listens(where):  # noqa: ASYNC110 - it is the other program's end that is waited for
        await asyncio.sleep(LOOK_EVERY)
    over.set()


def _address(display: str) -> str | None:
    """Return where the X server listens, if it is on this machine: `:10.0` does at `/tmp/.X11-unix/X10`."""
    number = display.removeprefix(":").partition(".")[0]
    return f"/tmp/.X11-unix/X{number}" if display.startswith(":") and number.isdecimal() else None  # noqa: S108


def _listens(where: str) -> bool:
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(1)
        try:
            door.connect(where)
        except OSError:
            return False
    return True
