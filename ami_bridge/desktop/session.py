"""One person's session put together: bus, screen, connection and local socket, ended together."""

import asyncio
import os
import ssl
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, NoReturn

from ami_bridge.desktop import local
from ami_bridge.desktop.bubble import Style
from ami_bridge.desktop.bus import Bus, open_bus
from ami_bridge.desktop.client import Link, Token, boottime
from ami_bridge.desktop.desk import Desk
from ami_bridge.desktop.notifications import Notifications, is_installed
from ami_bridge.desktop.programs import Ringer, open_in_browser
from ami_bridge.desktop.screen import Screen
from ami_bridge.desktop.settings import Settings, language
from ami_bridge.desktop.words import WORDS

OWN_NAME = "org.ami_bridge.Desktop"
TOPICS = ("calls.self", "alarms")
"""The daemon gives alarms only to those who look after plants."""


class _OverError(Exception):
    """It is over; all that runs is to end."""


async def session(
    settings: Settings,
    *,
    token: Token,
    at: Path,
    over: asyncio.Event,
    besides: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
    bus_address: str = "SESSION",
    alone: bool = True,
    say: Callable[[str], None] = print,
) -> None:
    """Be a person's client until `over` is set; `alone` leaves the bubbles to one client of those on the same bus."""
    async with open_bus(bus_address) as bus, asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(bus.run(), name="bus")
        spoken = language(settings)
        words = WORDS[spoken]
        service = Notifications(
            bus, app=words["app"], sound=settings.sound and not settings.player, installed=is_installed(os.environ)
        )
        screen = Screen(service, clock=boottime)
        try:
            async with asyncio.TaskGroup() as inner:
                style = Style(words=words, names=settings.names, outgoing=settings.outgoing, missed=settings.missed)
                desk = Desk(
                    page=settings.url.rstrip("/"),
                    style=style,
                    screen=screen,
                    browse=open_in_browser,
                    rings=Ringer(settings.player if settings.sound else (), run=inner.create_task).rings,
                    run=inner.create_task,
                    leave=over.set,
                )
                desk.link = link = Link(
                    url=settings.socket,
                    token=token,
                    language=spoken,
                    listener=desk,
                    topics=TOPICS,
                    tls=_trust(settings),
                    say=say,
                )
                await service.begin(acted=screen.pressed, closed=screen.closed, gone=screen.gone)
                if alone:
                    screen.active = await _is_first(bus, screen)
                tasks.create_task(screen.run(desk.acted), name="screen")
                async with local.serve(at, desk.answer):
                    for work in (link.run(), *(one() for one in besides)):
                        inner.create_task(work)
                    await _until(over)
        except* _OverError:
            pass
        finally:
            await screen.clear()
            reading.cancel()


async def _until(over: asyncio.Event) -> NoReturn:
    await over.wait()
    raise _OverError


async def _is_first(bus: Bus, screen: Screen) -> bool:
    """Whether no other client shows bubbles on this bus; if one does, it is our turn when it ends."""

    def acquired(body: tuple[Any, ...]) -> None:
        if body[0] == OWN_NAME:
            screen.activate()

    await bus.listen("org.freedesktop.DBus", "NameAcquired", acquired)
    return await bus.own(OWN_NAME)


def _trust(settings: Settings) -> ssl.SSLContext | None:
    if settings.socket.startswith("ws:"):
        return None
    return ssl.create_default_context(cafile=settings.ca or None)
