"""Changes of a room: one after the other, and each to its end, also when whoever asked for it has gone meanwhile."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from ami_bridge.tasks import Errands

T = TypeVar("T")


class Turns:
    """Whose turn it is; two rooms do not wait for each other."""

    def __init__(self, errands: Errands) -> None:
        self._errands = errands
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def take(self, number: str, change: Coroutine[Any, Any, T]) -> T:
        """Have a change done whole, and no other of this room meanwhile: the PBX may swap two writes of one row."""
        return await asyncio.shield(self._errands.start(self._one(number, change), name="room"))

    async def _one(self, number: str, change: Coroutine[Any, Any, T]) -> T:
        try:
            async with self._locks.setdefault(number, asyncio.Lock()):
                return await change
        finally:
            change.close()  # the daemon may stop before it has begun
