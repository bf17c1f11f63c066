"""What clients may have done, by name: one table for the websocket's requests and for REST."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from ami_bridge.errors import BadRequestError, LateError, NotAllowedError, UnknownOpError

T = TypeVar("T")

DONE_WITHIN = 40.0
"""Seconds for one operation, whatever it does: longer than a telephone rings at a desk."""
LONGEST_KEY = 100
"""Characters of an idempotency key."""


class Asked(Struct, frozen=True, kw_only=True):
    """Who asks for an operation, and with what."""

    login: str
    credential: str
    """`token:<ulid>` or `session:<ulid>`."""
    scopes: AbstractSet[str]
    params: Mapping[str, Any]
    key: str | None = None
    """The same key is the same wish: what rings must not ring twice."""

    def read(self, kind: type[T]) -> T:
        """Return `params` in the form of a struct; raises BadRequestError with one sentence."""
        try:
            return msgspec.convert(dict(self.params), kind)
        except msgspec.ValidationError as error:
            raise BadRequestError(f"`params` are not what this operation takes: {error}.") from error

    def needs_key(self) -> str:
        """Return the key; raises BadRequestError where there is none."""
        if self.key is None or not 0 < len(self.key) <= LONGEST_KEY or not self.key.isprintable():
            raise BadRequestError(f"Something would ring, so a `key` of 1 to {LONGEST_KEY} characters is needed.")
        return self.key


class Op(Struct, frozen=True):
    """One operation: what a credential must be good for, and what is done."""

    scope: str
    do: Callable[[Asked], Awaitable[object]]


class Ops:
    """All operations beyond the websocket's own."""

    def __init__(self, table: Mapping[str, Op]) -> None:
        self._table = dict(table)

    async def do(self, name: str, asked: Asked) -> object:
        """Carry it out; raises a BridgeError where it cannot be done or may not be."""
        op = self._table.get(name)
        if op is None:
            raise UnknownOpError(f"There is no operation {name[:40]!r}.")
        if op.scope not in asked.scopes:
            raise NotAllowedError(f"This token is not good for {op.scope}; make one with that scope.")
        try:
            async with asyncio.timeout(DONE_WITHIN):
                return await op.do(asked)
        except TimeoutError as error:
            raise LateError(f"{name} was not done within {DONE_WITHIN:g} s; look whether it happened.") from error
