"""Recordings over HTTP: listed, listened to and deleted by who moderates, or moderated, the room."""

from collections.abc import Sequence
from typing import Protocol

import structlog
from aiohttp import web
from msgspec import Struct

from ami_bridge.rooms.recordings import Recording, Recordings
from ami_bridge.web.body import answer
from ami_bridge.web.identity import Guard, Identity
from ami_bridge.web.openapi import Operation

log = structlog.get_logger()

SCOPE = "rooms"


class Listed(Struct, frozen=True):
    """The recordings that somebody may hear."""

    recordings: Sequence[Recording]


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/recordings",
        summary="Recordings of conferences that one moderates, or did, the newest first",
        result=Listed,
        errors=("not_allowed",),
    ),
    Operation(
        method="GET",
        path="/api/v1/recordings/{id}",
        summary="One recording: audio/wav",
        errors=("not_allowed", "not_found"),
    ),
    Operation(
        method="DELETE",
        path="/api/v1/recordings/{id}",
        summary="Delete a recording",
        status=204,
        errors=("not_allowed", "not_found"),
    ),
)


class Audit(Protocol):
    """Where it is written down who looks at what of others."""

    async def record(self, *, who: str, did: str, whose: str, how: str) -> None:
        """Write down what somebody is about to see or do; raises NotReachableError where that is not possible."""


class RecordingRoutes:
    """The routes, over the folder; without one nothing is listed."""

    def __init__(self, *, guard: Guard, recordings: Recordings, audit: Audit) -> None:
        self._audit = audit
        self._guard = guard
        self._recordings = recordings

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get("/api/v1/recordings", self._list)
        router.add_get("/api/v1/recordings/{id}", self._fetch)
        router.add_delete("/api/v1/recordings/{id}", self._delete)

    async def _list(self, request: web.Request) -> web.Response:
        identity = await self._identify(request)
        return answer(Listed(await self._recordings.of(identity.login)))

    async def _fetch(self, request: web.Request) -> web.StreamResponse:
        identity = await self._identify(request)
        id_ = request.match_info["id"]
        path = await self._recordings.file(identity.login, id_)
        await self._noted(identity, "listen", id_)
        log.info("rooms.recording_fetched", credential=identity.credential)
        headers = {
            "Content-Type": "audio/wav",
            "Content-Disposition": f'attachment; filename="{path.name}"',
            "Cache-Control": "no-store",
        }
        return web.FileResponse(path, headers=headers)

    async def _delete(self, request: web.Request) -> web.Response:
        identity = await self._identify(request)
        id_ = request.match_info["id"]
        await self._recordings.file(identity.login, id_)
        await self._noted(identity, "erase", id_)
        await self._recordings.remove(identity.login, id_)
        return web.Response(status=204)

    async def _noted(self, identity: Identity, did: str, id_: str) -> None:
        number = id_.partition("-")[0]
        await self._audit.record(who=identity.login, did=did, whose=f"conference {number}", how="rest")

    async def _identify(self, request: web.Request) -> Identity:
        identity = await self._guard.identify(request)
        identity.must_have(SCOPE)
        return identity
