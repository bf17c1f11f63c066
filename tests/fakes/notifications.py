"""A notification service on a D-Bus of its own: says and does what those of the desktops do, by personality."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jeepney import DBusAddress, HeaderFields, MessageType, new_error, new_method_call, new_method_return, new_signal
from jeepney.io.asyncio import DBusConnection, open_dbus_connection

NAME = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"
OWN = DBusAddress(PATH, interface=NAME)
BUS = DBusAddress("/org/freedesktop/DBus", bus_name="org.freedesktop.DBus", interface="org.freedesktop.DBus")
CONFIG = """\
<busconfig><type>session</type><listen>unix:path={folder}/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
"""
SOON = 5.0


@dataclass(frozen=True)
class Personality:
    """What a service is like."""

    name: str
    can: tuple[str, ...]
    honours_gone: bool = True
    """Whether a number that is gone may be used again (mako: no)."""
    excess: bool = False
    """Whether the same bubble twice in a second is refused (Plasma)."""


XFCE = Personality("Xfce Notify Daemon", ("actions", "body", "body-markup", "body-hyperlinks", "icon-static"))
GNOME = Personality("gnome-shell", ("actions", "body", "body-markup", "icon-static", "persistence", "sound"))
PLASMA = Personality("Plasma", ("actions", "body", "body-markup", "body-hyperlinks", "persistence"), excess=True)
MAKO = Personality("mako", ("body", "body-markup", "actions", "icon-static"), honours_gone=False)
PLAIN = Personality("plain", ("body",))
DUNST = Personality("dunst", ("actions", "body", "body-markup", "icon-static"))


@dataclass
class Shown:
    """One bubble as the service got it."""

    sender: str
    number: int
    replaces: int
    app: str
    icon: str
    summary: str
    body: str
    actions: list[str]
    hints: dict[str, tuple[str, Any]]
    timeout: int

    @property
    def keys(self) -> list[str]:
        return self.actions[::2]


@dataclass
class Desktop:
    """The service: what is on the screen, and everything that was ever asked of it."""

    connection: DBusConnection
    personality: Personality
    on_screen: dict[int, Shown] = field(default_factory=dict)
    ever: list[Shown] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    refused: int = 0
    _last: int = 0
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def run(self) -> None:
        """Serve until the connection ends."""
        while True:
            try:
                message = await self.connection.receive()
            except (EOFError, ConnectionError):
                return
            if message.header.message_type is MessageType.method_call:
                await self._answer(message)
                async with self._news:
                    self._news.notify_all()

    async def until(self, true: Callable[[], bool], within: float = SOON) -> None:
        """Wait until something is so; looked at after each thing that was asked."""
        try:
            async with asyncio.timeout(within), self._news:
                await self._news.wait_for(true)
        except TimeoutError:
            shown = [one.summary for one in self.on_screen.values()]
            ever = [one.summary for one in self.ever]
            raise AssertionError(f"on the screen: {shown}; ever: {ever}; closed: {self.closed}") from None

    async def shows(self, summary: str, within: float = SOON) -> Shown:
        """Wait for a bubble with these words."""
        await self.until(lambda: any(summary in one.summary for one in self.on_screen.values()), within)
        return next(one for one in self.on_screen.values() if summary in one.summary)

    async def press(self, shown: Shown, key: str) -> None:
        """Press a button; most services take the bubble away then."""
        await self._tell("ActionInvoked", "us", shown.number, key)
        await self.take_away(shown, 2)

    async def take_away(self, shown: Shown, reason: int) -> None:
        """1 it expired, 2 the person did it, 3 whoever showed it."""
        self.on_screen.pop(shown.number, None)
        await self._tell("NotificationClosed", "uu", shown.number, reason)

    async def _tell(self, member: str, signature: str, *values: object) -> None:
        await self.connection.send(new_signal(OWN, member, signature, values))

    async def _answer(self, message: Any) -> None:  # noqa: ANN401 - jeepney has no types
        member = message.header.fields.get(HeaderFields.member)
        self.asked.append(member)
        match member:
            case "GetCapabilities":
                reply = new_method_return(message, "as", (list(self.personality.can),))
            case "GetServerInformation":
                reply = new_method_return(message, "ssss", (self.personality.name, "tests", "1", "1.2"))
            case "Notify":
                reply = self._notify(message)
            case "CloseNotification":
                (number,) = message.body
                reply = new_method_return(message)
                if number in self.on_screen:
                    self.closed.append(number)
                    await self.take_away(self.on_screen[number], 3)
            case _:
                return
        await self.connection.send(reply)

    def _notify(self, message: Any) -> Any:  # noqa: ANN401 - as above
        app, replaces, icon, summary, body, actions, hints, timeout = message.body
        known = replaces in self.on_screen
        if self.personality.excess and not known and any(one.summary == summary for one in self.on_screen.values()):
            self.refused += 1
            return new_error(message, f"{NAME}.Error.ExcessNotificationGeneration")
        if replaces and (known or self.personality.honours_gone):
            number = replaces
        else:
            self._last += 1
            number = self._last
        sender = message.header.fields.get(HeaderFields.sender)
        shown = Shown(sender, number, replaces, app, icon, summary, body, actions, hints, timeout)
        self.on_screen[number] = shown
        self.ever.append(shown)
        return new_method_return(message, "u", (number,))


@asynccontextmanager
async def a_bus() -> AsyncIterator[str]:
    """A session's D-Bus on which nothing is started by itself; gives its address."""
    async with a_bus_process() as (address, _):
        yield address


@asynccontextmanager
async def a_bus_process() -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """The same, for who wants to end it."""
    with tempfile.TemporaryDirectory(prefix="amib-bus-") as folder:
        config = Path(folder) / "config"
        await asyncio.to_thread(config.write_text, CONFIG.format(folder=folder))
        process = await asyncio.create_subprocess_exec(
            "dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", "--print-address=1",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            async with asyncio.timeout(SOON):
                address = (await process.stdout.readline()).decode().strip()
            yield address, process
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


@asynccontextmanager
async def a_desktop(address: str, personality: Personality = XFCE) -> AsyncIterator[Desktop]:
    """Have the service on a bus while the block lasts."""
    connection = await open_dbus_connection(address)
    desktop = Desktop(connection, personality)
    try:
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(desktop.run())
            await connection.send(new_method_call(BUS, "RequestName", "su", (NAME, 0)))
            yield desktop
            serving.cancel()
    finally:
        connection.writer.transport.abort()
