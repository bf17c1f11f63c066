"""The session's D-Bus: calls with a limit, signals as they come. The session is over when it is gone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from jeepney import DBusAddress, HeaderFields, MessageType, new_method_call
from jeepney.io.asyncio import DBusConnection, open_dbus_connection

OPEN_WITHIN = 10.0
ANSWER_WITHIN = 10.0
BUS = DBusAddress("/org/freedesktop/DBus", bus_name="org.freedesktop.DBus", interface="org.freedesktop.DBus")
DISCONNECTED = "org.freedesktop.DBus.Error.Disconnected"
NO_REPLY = "org.freedesktop.DBus.Error.NoReply"
QUEUED = 2


class SessionOverError(Exception):
    """There is no bus, or not any more: nobody sits here."""


class BusError(Exception):
    """Somebody on the bus refuses or does not answer."""

    def __init__(self, name: str, text: str = "") -> None:
        super().__init__(f"{name}: {text}" if text else name)
        self.name = name


Signal = Callable[[tuple[Any, ...]], None]


class Bus:
    """A connection to the bus; `run` must be running for anything to be answered."""

    def __init__(self, connection: DBusConnection) -> None:
        self._connection = connection
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._signals: dict[tuple[str, str], Signal] = {}
        self._over = False

    @property
    def name(self) -> str:
        """Our unique name."""
        return str(self._connection.unique_name)

    async def run(self) -> None:
        """Read for ever; raises SessionOverError when the bus is gone."""
        try:
            while True:
                self._take(await self._connection.receive())
        except (EOFError, ConnectionError) as error:
            raise SessionOverError("The session is over: its D-Bus is gone.") from error
        finally:
            self._over = True
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(BusError(DISCONNECTED))

    async def call(
        self, to: DBusAddress, member: str, signature: str | None = None, *values: object, within: float = ANSWER_WITHIN
    ) -> tuple[Any, ...]:
        """Call a method and return what it answers; raises BusError."""
        if self._over:
            raise BusError(DISCONNECTED)
        serial = next(self._connection.outgoing_serial)
        answer = self._waiting[serial] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(within):
                await self._connection.send(new_method_call(to, member, signature, values), serial=serial)
            for _ in range(2):  # in two halves: who was stopped in the middle of one finds the answer in the other
                await asyncio.wait([answer], timeout=within / 2)
            if not answer.done():
                raise BusError(NO_REPLY, f"{member} was not answered in time")
            said = answer.result()
        except TimeoutError:
            raise BusError(NO_REPLY, f"{member} could not be sent in time") from None
        except ConnectionError as error:
            raise BusError(DISCONNECTED, str(error)) from error
        finally:
            del self._waiting[serial]
        if said.header.message_type is MessageType.error:
            text = said.body[0] if said.body and isinstance(said.body[0], str) else ""
            raise BusError(str(said.header.fields.get(HeaderFields.error_name, "")), text)
        body: tuple[Any, ...] = said.body
        return body

    async def listen(self, interface: str, member: str, do: Signal, *, more: str = "") -> None:
        """Have `do` called with the content of each such signal; `more` narrows the match."""
        self._signals[interface, member] = do
        rule = f"type='signal',interface='{interface}',member='{member}'{more}"
        await self.call(BUS, "AddMatch", "s", rule)

    async def own(self, name: str) -> bool:
        """Ask for a name; False where another has it, and we get it when that one goes."""
        (answer,) = await self.call(BUS, "RequestName", "su", name, 0)
        return bool(answer != QUEUED)

    def _take(self, message: Any) -> None:  # noqa: ANN401 - jeepney has no types
        fields = message.header.fields
        if message.header.message_type is MessageType.signal:
            do = self._signals.get((fields.get(HeaderFields.interface, ""), fields.get(HeaderFields.member, "")))
            if do is not None:
                do(message.body)
            return
        waiting = self._waiting.get(fields.get(HeaderFields.reply_serial, -1))
        if waiting is not None and not waiting.done():
            waiting.set_result(message)


@asynccontextmanager
async def open_bus(address: str = "SESSION") -> AsyncIterator[Bus]:
    """Be on the session's bus, or on that of an address; `run` reads it while the block lasts."""
    try:
        async with asyncio.timeout(OPEN_WITHIN):
            connection = await open_dbus_connection(address)
    except (KeyError, OSError, EOFError, TimeoutError, ValueError) as error:
        raise SessionOverError(f"There is no D-Bus session here ({type(error).__name__}).") from error
    try:
        yield Bus(connection)
    finally:
        connection.writer.transport.abort()
