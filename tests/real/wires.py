"""A network between two programs of this machine that can be cut, or be silent for a while, as networks are."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ami_bridge.demo.ports import LOCAL, free_tcp

MOST = 1 << 16


class Wire:
    """Takes connections, and makes one to the other side for each."""

    def __init__(self, target: int) -> None:
        self.port = free_tcp()
        self._target = target
        self._whole = asyncio.Event()
        self._whole.set()
        self._refuses = False
        self._ends: set[asyncio.StreamWriter] = set()

    async def silent(self, seconds: float) -> None:
        """Deliver nothing meanwhile, and then all of it: whoever waited may be gone by then."""
        self._whole.clear()
        await asyncio.sleep(seconds)
        self._whole.set()

    async def cut(self, seconds: float) -> None:
        """End all connections in the middle of whatever they carry, and refuse new ones meanwhile."""
        self._refuses = True
        for end in list(self._ends):
            end.transport.abort()
        await asyncio.sleep(seconds)
        self._refuses = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there: asyncio.StreamWriter | None = None
        self._ends.add(writer)
        try:
            if self._refuses:
                return
            back, there = await asyncio.open_connection(LOCAL, self._target)
            self._ends.add(there)
            await asyncio.gather(self._pump(reader, there), self._pump(back, writer))
        except OSError:
            return
        finally:
            for end in (writer, there):
                if end is not None:
                    self._ends.discard(end)
                    end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(MOST):
            await self._whole.wait()
            writer.write(data)
            await writer.drain()
        await self._whole.wait()
        with contextlib.suppress(OSError):
            writer.write_eof()


@asynccontextmanager
async def a_wire(target: int) -> AsyncIterator[Wire]:
    """Have one to this port."""
    wire = Wire(target)
    server = await asyncio.start_server(wire.serve, LOCAL, wire.port)
    try:
        yield wire
    finally:
        server.close()
        await wire.cut(0)
