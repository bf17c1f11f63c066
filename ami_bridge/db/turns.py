"""Whose turn it is at the database: who is urgent comes before all others that wait, and ends nobody's turn."""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_URGENT: ContextVar[bool] = ContextVar("urgent", default=False)


@contextmanager
def urgent() -> Iterator[None]:
    """Come first in what this block, and tasks that it starts, ask of the database: somebody waits at a telephone."""
    before = _URGENT.set(True)
    try:
        yield
    finally:
        _URGENT.reset(before)


class Turns:
    """So many at the same time; in each of the two rows in the order of coming."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    async def acquire(self) -> None:
        """Wait for one's turn."""
        if self._free and not self._urgent and not self._others:
            self._free -= 1
            return
        row = self._urgent if _URGENT.get() else self._others
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        row.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release()  # it was given, and is not wanted any more
            elif turn in row:
                row.remove(turn)
            raise

    def release(self) -> None:
        """End one's turn: it is the next one's at once, so that nobody gets between."""
        for row in (self._urgent, self._others):
            while row:
                turn = row.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self._free += 1
