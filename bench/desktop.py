"""What the desktop client takes of a terminal server's memory: sessions on one machine, over TLS, with bubbles shown.

`python -m bench.desktop [sessions]` (or `make bench`) prints the figures and fails when a target is missed.
"""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import mean

from tests.desktop.processes import Memory, a_client, certified, memory, until_shown, write_settings
from tests.desktop.world import Daemon, call
from tests.fakes.notifications import a_bus, a_desktop

SESSIONS = 20
CALLS = 20
"""Calls that each session has had before it is measured."""
RSS, PRIVATE = 34.0, 22.0


async def sessions(count: int, calls: int = CALLS) -> list[Memory]:
    """Have people at work in as many sessions, and return what each takes."""
    with tempfile.TemporaryDirectory(prefix="amib-") as name:
        folder = Path(name)
        context, certificate = certified(folder)
        daemon = Daemon(context)
        daemon.tokens = {f"token{number}": f"person{number}" for number in range(count)}
        await daemon.start()
        async with AsyncExitStack() as stack:
            clients, desktops = [], []
            for number in range(count):
                home = folder / str(number)
                env = write_settings(home, url=daemon.url, token=f"token{number}", ca=str(certificate))
                bus = await stack.enter_async_context(a_bus())
                desktops.append(await stack.enter_async_context(a_desktop(bus)))
                env |= {"DBUS_SESSION_BUS_ADDRESS": bus, "XDG_RUNTIME_DIR": str(home), "HOME": str(home)}
                clients.append(await stack.enter_async_context(a_client(env, home / "log")))
            await daemon.until_followed(count)
            for turn in range(calls):
                for login in daemon.tokens.values():
                    daemon.tells(call(turn), login)
                for desktop in desktops:
                    await desktop.shows("Anruf")
                for login in daemon.tokens.values():
                    daemon.tells(call(turn, rev=2, state="ended", result="rejected"), login)
                for desktop in desktops:
                    await desktop.until(lambda desktop=desktop: not desktop.on_screen)  # type: ignore[misc]
            await asyncio.gather(*(until_shown(client.pid) for client in clients))
            taken = [memory(client.pid) for client in clients]
        await daemon.stop()
    return taken


def told(taken: Sequence[Memory]) -> str:
    """Return the figures in one line."""
    rss, pss, private = ([getattr(one, name) for one in taken] for name in ("rss", "pss", "private"))
    return (
        f"{len(taken)} sessions with TLS: RSS {mean(rss):.1f} (at most {max(rss):.1f}, target {RSS:g}), "
        f"private {mean(private):.1f} (at most {max(private):.1f}, target {PRIVATE:g}), "
        f"PSS {mean(pss):.1f} MiB each, {sum(pss):.0f} MiB in all"
    )


def met(taken: Sequence[Memory]) -> bool:
    """Whether no session takes more than it may."""
    return all(one.rss <= RSS and one.private <= PRIVATE for one in taken)


async def measure(count: int = SESSIONS) -> bool:
    """Measure and print; return whether the targets are met."""
    taken = await sessions(count)
    print(told(taken))
    return met(taken)


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else SESSIONS)) else 1)
