"""One client's websocket, outgoing side: written at once while it keeps up, parked and merged when it does not."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable, Sequence

import structlog
from aiohttp import web
from msgspec import structs

from ami_bridge import wire
from ami_bridge.web.hub import News

log = structlog.get_logger()

TICK_EVERY = 25.0
MOST_PARKED = 256
MOST_PARKED_BYTES = 1 << 20
MERGE_ABOVE = 64
KERNEL_ENOUGH = 32 * 1024  # below asyncio's high-water mark of 64 KiB, above which a write would wait
WRITE_WITHIN = 10.0
CLOSE_WITHIN = 1.0
LONGEST_REASON = 120  # a close frame carries 123 bytes


class SocketLink:
    """The outgoing half of a websocket connection."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request, *, login: str, credential: str) -> None:
        self.login = login
        self.credential = credential
        self.topics: dict[str, int] = {}
        self._socket = socket
        self._request = request
        self._prev = 0
        self._start = 0
        self._handed = 0
        self._first: deque[wire.FromServer | News] = deque()
        self._parked: dict[int, News] = {}
        self._parked_bytes = 0
        self._wake = asyncio.Event()
        self._closing: tuple[int, str] | None = None
        self._decided = asyncio.Event()

    def begin(self, messages: list[wire.FromServer | News], *, start: int, prev: int) -> None:
        """Queue welcome and snapshots or missed news; all news up to `start` is contained in them."""
        self._start, self._prev = start, prev
        self._first.extend(messages)
        self._wake.set()

    def answer(self, message: wire.FromServer) -> None:
        """Queue the answer to a request."""
        self._first.append(message)
        self._wake.set()
        self._must_not_pile_up()

    def show(self, snapshots: Sequence[wire.Snapshot], *, seq: int, before: Iterable[News]) -> None:
        """Queue the state of topics as of `seq`; `before` are news until then that nobody handed on yet.

        News of these topics are contained in it; those of others go first, or `seq` would run backwards.
        """
        shown = {one.topic for one in snapshots}
        seen = max(self._handed, self._start)
        waiting = [*self._parked.values(), *(one for one in before if one.seq > seen)]
        self._parked.clear()
        self._first.extend(one for one in waiting if one.topic not in shown)
        self._first.extend(snapshots)
        self._start = seq
        self._wake.set()
        self._must_not_pile_up()

    async def hand_on(self, news: News) -> None:
        """Write it if the client keeps up, else park it; waits for nobody."""
        self._handed = max(self._handed, news.seq)
        if news.seq <= self._start or self._closing is not None:
            return
        transport = self._request.transport
        if transport is None:
            return
        if self._parked or self._first or transport.get_write_buffer_size() > KERNEL_ENOUGH:
            self._park(news)
            return
        frame = news.frame(self._prev)
        self._prev = news.seq
        with contextlib.suppress(ConnectionError):  # the reader notices too and ends the link
            await self._socket.send_str(frame)

    def close_soon(self, code: int, reason: str) -> None:
        """Have the writer end the link; the first reason counts."""
        if self._closing is None:
            self._closing = (code, reason)
            self._decided.set()

    async def decided(self) -> None:
        """Wait until the end is decided; a write that hangs on a stuck client must not delay it."""
        await self._decided.wait()

    async def write(self) -> None:
        """Send what is queued and parked, ticks in between, for ever or until the client is too slow."""
        while True:
            self._wake.clear()
            try:
                await self._drain()
            except TimeoutError:
                self.close_soon(4008, "too slow")
                return
            try:
                async with asyncio.timeout(TICK_EVERY):
                    await self._wake.wait()
            except TimeoutError:
                self._first.append(wire.Tick(seq=max(self._prev, self._start), prev=self._prev))

    async def close(self) -> None:
        """End the connection within a second, even if the client does not read (aiohttp's own close hung 35 s)."""
        code, reason = self._closing or (1001, "going away")
        with contextlib.suppress(TimeoutError, ConnectionError):
            await asyncio.wait_for(
                self._socket.close(code=code, message=reason.encode()[:LONGEST_REASON], drain=False), CLOSE_WITHIN
            )
        if self._request.transport is not None:
            self._request.transport.abort()

    @property
    def closing(self) -> tuple[int, str] | None:
        """Code and reason, once the end is decided."""
        return self._closing

    def _must_not_pile_up(self) -> None:
        if len(self._first) > 2 * MOST_PARKED:
            self.close_soon(4008, "too many unread answers")

    def _park(self, news: News) -> None:
        self._parked[news.seq] = news
        if len(self._parked) > MERGE_ABOVE:
            newest = {(one.topic, one.key): seq for seq, one in self._parked.items()}
            keep = set(newest.values())
            self._parked = {seq: one for seq, one in self._parked.items() if seq in keep}
        if len(self._parked) > MOST_PARKED or self._parked_size() > MOST_PARKED_BYTES:
            self._parked.clear()
            self.close_soon(4008, "too slow")
        self._wake.set()

    def _parked_size(self) -> int:
        if len(self._parked) <= MERGE_ABOVE:
            return 0
        return sum(len(one.frame(0)) for one in self._parked.values())

    async def _drain(self) -> None:
        while self._first and self._closing is None:
            message = self._first.popleft()
            if isinstance(message, News):
                frame, seq = message.frame(self._prev), message.seq
            else:
                frame, seq = self._whole(message)
            self._prev = max(self._prev, seq)
            async with asyncio.timeout(WRITE_WITHIN):
                await self._socket.send_str(frame)
        while self._parked and self._closing is None:
            seq = next(iter(self._parked))
            news = self._parked.pop(seq)
            frame = news.frame(self._prev)
            self._prev = seq
            async with asyncio.timeout(WRITE_WITHIN):
                await self._socket.send_str(frame)

    def _whole(self, message: wire.FromServer) -> tuple[str, int]:
        """Encode a message that is not news; `prev` is set now, when it is written."""
        match message:
            case wire.Snapshot(seq=seq):
                message = structs.replace(message, prev=self._prev)
            case wire.Tick():
                message, seq = wire.Tick(seq=self._prev, prev=self._prev), self._prev
            case _:
                seq = self._prev
        return wire.encode(message).decode(), seq
