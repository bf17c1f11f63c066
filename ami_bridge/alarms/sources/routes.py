"""`POST /api/v1/alarms` and signs of life over HTTP: what is not on the disk is not confirmed, no 4xx loses it."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog
from aiohttp import web
from msgspec import Struct

from ami_bridge.alarms.model import LONGEST_NAME, Report, What
from ami_bridge.alarms.sources import words
from ami_bridge.alarms.sources.credentials import Credentials, Shown
from ami_bridge.alarms.sources.webhook import LARGEST, reports
from ami_bridge.errors import BridgeError, NotAllowedError, NotReachableError, UnauthorisedError
from ami_bridge.web.body import ARRIVES_WITHIN, answer
from ami_bridge.web.openapi import Operation

log = structlog.get_logger()

KEPT_WITHIN = 10.0
"""Seconds until the commit; later, whoever asks is told to come again."""


class Accepted(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was raised, or counted, or ended; on the disk by now."""

    id: str = ""
    """The first of them; none for a sign of life."""
    ids: Sequence[str]


OPERATIONS = (
    Operation(
        method="POST",
        path="/api/v1/alarms",
        summary="A source raises alarms: our own form, Alertmanager, Grafana, CloudEvents, or any text",
        status=202,
        result=Accepted,
        query=("point", "state"),
        errors=("unauthorised", "unavailable"),
        anybody=True,
    ),
    Operation(
        method="PUT",
        path="/api/v1/sources/{name}/heartbeat",
        summary="The source lives",
        status=204,
        errors=("unauthorised", "not_allowed", "unavailable"),
        anybody=True,
    ),
)


class Gate(Protocol):
    """Lets reports in."""

    def full(self, name: str) -> bool:
        """Whether no more reports of a source are taken now."""

    async def take(self, name: str, reports: Sequence[Report]) -> list[str]:
        """Let in what a source reports; returns the ids of the alarms after the commit."""


class SourceRoutes:
    """What sources ask for."""

    def __init__(self, *, gate: Gate, credentials: Credentials) -> None:
        self._gate = gate
        self._credentials = credentials

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Serve it."""
        router.add_post("/api/v1/alarms", self._raise)
        router.add_put("/api/v1/sources/{name}/heartbeat", self._heartbeat)

    async def _raise(self, request: web.Request) -> web.Response:
        shown, body, whole = await self._who_says_what(request)
        found = reports(
            body,
            source=shown.source.name,
            content_type=request.content_type,
            headers=request.headers,
            point=words.clean(request.query.get("point"), LONGEST_NAME),
            what=_state(request.query.get("state")),
            whole=whole,
        )
        if key := request.headers.get("Idempotency-Key", "")[:LONGEST_NAME]:
            found = [words.event_of(one, key, words.raw(body), str(number)) for number, one in enumerate(found)]
        ids = await self._take(shown, found)
        return answer(Accepted(id=ids[0] if ids else "", ids=ids), 202)

    async def _heartbeat(self, request: web.Request) -> web.Response:
        shown, _, _ = await self._who_says_what(request)
        if request.match_info["name"] != shown.source.name:
            raise NotAllowedError("This token is another source's.")
        alive = Report(source=shown.source.name, point=words.HEARTBEAT, dedup=words.HEARTBEAT, what="alive")
        await self._take(shown, [alive])
        return web.Response(status=204)

    async def _who_says_what(self, request: web.Request) -> tuple[Shown, bytes, bool]:
        try:
            if not self._credentials.is_signed(request.headers):
                shown = self._credentials.by_token(request.headers)  # a stranger's body is not even read
                if self._gate.full(shown.source.name):  # nor one that cannot be kept: in a flood that is most of it
                    raise NotReachableError("too many reports of this source wait for the disk")
                return (shown, *await _body(request))
            body, whole = await _body(request)
            shown = self._credentials.by_signature(
                request.headers, method=request.method, path=request.raw_path, body=body
            )
        except UnauthorisedError as error:
            log.warning("alarm.source_refused", why=str(error))
            raise
        return shown, body, whole

    async def _take(self, shown: Shown, found: Sequence[Report]) -> list[str]:
        try:
            async with asyncio.timeout(KEPT_WITHIN):
                return await self._gate.take(shown.source.name, found)
        except TimeoutError as error:
            self._credentials.give_back(shown)
            raise NotReachableError("it could not be kept in time") from error
        except BridgeError as error:
            self._credentials.give_back(shown)
            # Whatever the reason, it must come again: senders drop what is answered with 4xx.
            raise NotReachableError(str(error)) from error


async def _body(request: web.Request) -> tuple[bytes, bool]:
    """Read the body, and whether that is all of it."""
    found = bytearray()
    try:
        async with asyncio.timeout(ARRIVES_WITHIN):
            async for chunk in request.content.iter_any():
                found += chunk
                if len(found) > LARGEST:
                    return bytes(found[:LARGEST]), False
    except TimeoutError as error:
        raise NotReachableError("the body did not arrive in time") from error
    except (web.RequestPayloadError, ConnectionError) as error:
        raise NotReachableError("the body did not arrive whole") from error
    return bytes(found), True


def _state(said: str | None) -> What | None:
    state = words.state(said) if said is not None else None
    return None if state == "ack" else state
