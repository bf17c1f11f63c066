"""`ami-bridge call`: dials from the terminal, and tells how it goes as `watch` would."""

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import TextIO

import aiohttp
import msgspec

from ami_bridge import wire
from ami_bridge.errors import (
    BridgeError,
    LateError,
    NotReachableError,
    RefusedError,
    UnauthorisedError,
)
from ami_bridge.watch import Watch

TRIES = 4
"""Attempts to have it dialled; the key is the same, so it rings once."""
ANSWERED_WITHIN = 15.0
PAUSE = 0.5
WORDS = {
    "de": {"lift": "Ihr Telefon klingelt gleich: abnehmen, dann wird gewählt."},
    "en": {"lift": "Your telephone is about to ring: pick it up, and the number is dialled."},
}


class _Answer(msgspec.Struct):
    """What the daemon says: the call, or a problem document."""

    call: str = ""
    code: str = ""
    detail: str = ""


class CallOut(Watch):
    """One call: asks for it, and follows it to its end."""

    def __init__(
        self, *, url: str, token: str, language: str, json: bool, now: Callable[[], datetime], out: TextIO | None = None
    ) -> None:
        """`url` is the daemon's websocket, as for `watch`."""
        more = {} if out is None else {"out": out}
        super().__init__(url=url, token=token, language=language, json=json, now=now, **more)
        self._rest = url.replace("ws", "http", 1).removesuffix("/ws")
        self._connected = asyncio.Event()
        self._over = asyncio.Event()
        self._early: list[wire.Call] = []
        self._call_id = ""
        self.last: wire.Call | None = None
        """The call as it was told last."""

    async def dial(self, wanted: dict[str, object]) -> None:
        """Have it dialled, and tell how it goes until it is over; raises a BridgeError where it is not dialled."""
        async with asyncio.TaskGroup() as tasks:
            follow = tasks.create_task(self._follow_calls(), name="watch")
            await self._connected.wait()
            self._call_id = await self._ask(wanted)
            self._say(WORDS[self._language]["lift"])
            for call in self._early:
                self._call(call)
            if not follow.done():
                await self._over.wait()
            follow.cancel()

    async def _follow_calls(self) -> None:
        """Follow them, if the token may; without that it is dialled all the same."""
        with contextlib.suppress(UnauthorisedError):
            await self.run()
        self._connected.set()
        self._over.set()

    async def _ask(self, wanted: dict[str, object]) -> str:
        headers = {"Authorization": f"Bearer {self._token}", "Idempotency-Key": secrets.token_hex(16)}
        limit = aiohttp.ClientTimeout(total=ANSWERED_WITHIN)
        async with aiohttp.ClientSession(timeout=limit) as session:
            for attempt in range(TRIES):
                try:
                    async with session.post(f"{self._rest}/calls", json=wanted, headers=headers) as answer:
                        return _called(answer.status, await answer.read())
                except (aiohttp.ClientError, TimeoutError) as error:
                    if attempt + 1 == TRIES:
                        raise LateError("The daemon does not answer: look whether your telephone rings.") from error
                    await asyncio.sleep(PAUSE * 2**attempt)
        raise AssertionError

    def _greet(self, user: wire.User) -> None:  # noqa: ARG002 - who it is, they know
        self._connected.set()

    def _replace(self, snapshot: wire.Snapshot) -> None:
        """See, after the connection was lost, whether the call still is."""
        super()._replace(snapshot)
        calls = snapshot.calls
        if self._call_id and calls is not None and all(one.id != self._call_id for one in calls):
            self._over.set()

    def _bridge(self, bridge: wire.Bridge) -> None:
        """Say nothing of it: the answer to the wish will."""

    def _call(self, call: wire.Call) -> None:
        """Take news of the one call; what comes before its id is known may be of it."""
        if not self._call_id:
            self._early.append(call)
        elif call.id == self._call_id:
            self.last = call
            super()._call(call)
            if call.state == "ended":
                self._over.set()


def _called(status: int, body: bytes) -> str:
    """Return the id of the call; raises what the daemon says instead."""
    try:
        said = msgspec.json.decode(body, type=_Answer)
    except msgspec.DecodeError:
        said = _Answer()
    if said.call:
        return said.call
    if status == 401:  # noqa: PLR2004
        raise UnauthorisedError("The token is not known: make one by `token new`.")
    kinds: dict[str, type[BridgeError]] = {"unavailable": NotReachableError}
    raise kinds.get(said.code, RefusedError)(said.detail or f"The daemon answered with {status}.")
