"""The same key is the same wish: it is carried out once, and answered alike however often it comes."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from msgspec import Struct

from ami_bridge.errors import BadRequestError, BridgeError, LateError, NotReachableError
from ami_bridge.tasks import Errands
from ami_bridge.wire import encode

T = TypeVar("T")

KEPT = timedelta(minutes=10)
"""How long a key is remembered: longer than anybody tries again."""


class Wish(Struct, frozen=True, kw_only=True):
    """Something that was asked for under a key."""

    login: str
    key: str
    what: bytes
    """A digest of all that was said, so that no number is kept."""
    id: str
    """What the call or whatever comes of it is called; given before it begins."""
    begun: datetime
    done: bool = False


class Store(Protocol):
    """Where keys are kept, across restarts."""

    async def find(self, login: str, key: str, *, since: datetime) -> Wish | None:
        """Return what was asked for under this key, unless that is too long ago."""

    async def claim(self, wish: Wish, *, since: datetime) -> Wish:
        """Keep it, unless something of the same key is kept: the one that is kept is returned."""

    async def done(self, wish: Wish) -> None:
        """Note that it is done."""

    async def drop(self, wish: Wish) -> None:
        """Forget it: nothing was done."""

    async def purge(self, before: datetime) -> int:
        """Delete what was asked for before."""


class _UnderWay(Struct, frozen=True):
    what: bytes
    task: "asyncio.Task[str]"


class Once:
    """Sees to it that what rings does not ring twice, over lost connections and restarts."""

    def __init__(
        self,
        *,
        store: Store,
        errands: Errands,
        lives: Callable[[str], bool],
        new_id: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        """`lives` tells whether what has this id is there just now, whatever is known of its beginning."""
        self._store = store
        self._errands = errands
        self._lives = lives
        self._new_id = new_id
        self._now = now
        self._under_way: dict[tuple[str, str], _UnderWay] = {}

    async def do(
        self, login: str, key: str, what: Struct, *, check: Callable[[], T], errand: Callable[[str, T], Awaitable[None]]
    ) -> str:
        """Carry out an errand with a new id, or return the id of when this was asked for before.

        `check` raises where it may not be done, before the key is claimed; what it returns, the errand gets. An errand
        that fails has done nothing, and the key is free again, unless it raises LateError: then nobody knows. It is
        never cancelled along.
        """
        digest = hashlib.sha256(encode(what)).digest()
        one = self._under_way.get((login, key))
        if one is None:
            wish = Wish(login=login, key=key, what=digest, id=self._new_id(), begun=self._now())
            task = self._errands.start(self._carry_out(wish, check, errand), name="errand")
            one = self._under_way[login, key] = _UnderWay(digest, task)
            task.add_done_callback(lambda _: self._under_way.pop((login, key)))
        _must_be_same(one.what, digest)
        return await asyncio.shield(one.task)

    async def purge(self) -> None:
        """Forget keys that nobody will come with any more."""
        await self._store.purge(self._now() - KEPT)

    async def _carry_out(self, wish: Wish, check: Callable[[], T], errand: Callable[[str, T], Awaitable[None]]) -> str:
        since = wish.begun - KEPT
        kept = await self._store.find(wish.login, wish.key, since=since)
        if kept is not None:
            return self._again(kept, wish)
        found = check()
        kept = await self._store.claim(wish, since=since)
        if kept.id != wish.id:
            return self._again(kept, wish)
        try:
            await errand(wish.id, found)
        except LateError:
            raise
        except BridgeError:
            with suppress(NotReachableError):  # kept, it is only answered as unknown
                await self._store.drop(wish)
            raise
        with suppress(NotReachableError):  # likewise, and what was done is done
            await self._store.done(wish)
        return wish.id

    def _again(self, kept: Wish, wish: Wish) -> str:
        """Answer as before."""
        _must_be_same(kept.what, wish.what)
        if not kept.done and not self._lives(kept.id):
            raise LateError("This was begun before and cut off, and nobody knows whether it was done: ask anew.")
        return kept.id


def _must_be_same(one: bytes, other: bytes) -> None:
    if one != other:
        raise BadRequestError("This key was used for something else before; take a new one.")
