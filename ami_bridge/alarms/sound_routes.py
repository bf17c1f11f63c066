"""Alarm sounds over HTTP: which there are, listened to here or by a telephone, the site's own sent and removed."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

import structlog
from aiohttp import web
from msgspec import Struct

from ami_bridge.alarms import sounds
from ami_bridge.alarms.desk import AlarmDesk
from ami_bridge.alarms.model import LogEntry
from ami_bridge.alarms.sounds import Library
from ami_bridge.alarms.states import MANAGES
from ami_bridge.errors import BadRequestError, BusyError, NotAllowedError
from ami_bridge.web.body import ARRIVES_WITHIN, answer, read_body
from ami_bridge.web.identity import Guard, Identity
from ami_bridge.web.language import language_of
from ami_bridge.web.openapi import Operation

log = structlog.get_logger()

SCOPE = "alarms"
CHUNK = 65536
FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
"""What a foreign page can send without asking."""


class AlarmSound(Struct, frozen=True, kw_only=True):
    """A sound that alarms can have."""

    name: str
    own: bool
    """Whether it is the site's own, not one that comes with us."""
    seconds: float
    loudness: float
    """LUFS, as telephones play it; all are made about as loud."""
    used: Sequence[str]
    """Classes and points that have it."""


class AlarmSounds(Struct, frozen=True):
    """All of them, by name."""

    sounds: Sequence[AlarmSound]


class Where(Struct, frozen=True, forbid_unknown_fields=True):
    """By which telephone a sound is to be played."""

    to: str
    """An extension."""


_ERRORS = ("not_allowed", "bad_request", "not_found")
OPERATIONS = (
    Operation(method="GET", path="/api/v1/sounds", summary="The sounds that alarms can have", result=AlarmSounds,
              errors=("not_allowed",)),
    Operation(method="GET", path="/api/v1/sounds/{name}", summary="One of them as telephones play it: audio/wav",
              errors=_ERRORS),
    Operation(method="PUT", path="/api/v1/sounds/{name}", result=AlarmSound, errors=(*_ERRORS, "busy", "unavailable"),
              summary="Keep a recording as the site's own sound: any form that ffmpeg reads, at most 10 MB"),
    Operation(method="DELETE", path="/api/v1/sounds/{name}", summary="Remove one of the site's own", status=204,
              errors=(*_ERRORS, "busy")),
    Operation(method="POST", path="/api/v1/sounds/{name}/play", summary="Ring a telephone of the house and play it",
              status=202, body=Where, errors=(*_ERRORS, "unavailable")),
)  # fmt: skip


class SoundRoutes:
    """The routes, over the folder with the sounds."""

    def __init__(
        self,
        *,
        guard: Guard,
        desk: AlarmDesk,
        library: Library,
        used: Mapping[str, Sequence[str]],
        is_extension: Callable[[str], bool],
        play: Callable[[str, str], Awaitable[None]],
        note: Callable[[LogEntry], Awaitable[None]],
        now: Callable[[], datetime],
    ) -> None:
        """Have `used` tell what has which sound, `play` ring an extension and play a sound by its name, `note` log."""
        self._guard = guard
        self._desk = desk
        self._library = library
        self._used = used
        self._is_extension = is_extension
        self._play_at = play
        self._note = note
        self._now = now
        self._one_at_a_time = asyncio.Lock()
        """Recordings are large, and are worked at by another process."""

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get("/api/v1/sounds", self._list)
        router.add_get("/api/v1/sounds/{name}", self._get)
        router.add_put("/api/v1/sounds/{name}", self._put)
        router.add_delete("/api/v1/sounds/{name}", self._delete)
        router.add_post("/api/v1/sounds/{name}/play", self._play)

    async def _list(self, request: web.Request) -> web.Response:
        await self._operator(request)
        return answer(AlarmSounds([self._shown(one) for one in await asyncio.to_thread(self._library.all)]))

    async def _get(self, request: web.Request) -> web.Response:
        await self._operator(request)
        body = await asyncio.to_thread(self._library.read, request.match_info["name"])
        return web.Response(body=body, content_type="audio/wav", headers={"Cache-Control": "private, no-cache"})

    async def _put(self, request: web.Request) -> web.Response:
        try:
            return await self._kept(request)
        except sounds.UnfitError as error:  # whoever has recorded it reads what to do
            raise BadRequestError(error.said(language_of(request, None))) from error

    async def _kept(self, request: web.Request) -> web.Response:
        identity = await self._manager(request)
        name = sounds.checked(request.match_info["name"])
        if request.content_type in FORMS:
            raise BadRequestError("Send the recording itself as the body, as audio/… or application/octet-stream.")
        if self._one_at_a_time.locked():
            raise BusyError("Another recording is being made ready. Try again in a few seconds.")
        async with self._one_at_a_time:
            sound = await sounds.prepared_in_thread(await sounds.converted(await _recording(request)))
            await asyncio.to_thread(self._library.keep, name, sound)
        await self._noted(identity, "sound_kept", name)
        log.info("alarms.sound_kept", sound=name, credential=identity.credential)
        (kept,) = [one for one in await asyncio.to_thread(self._library.all) if one.name == name]
        return answer(self._shown(kept))

    async def _delete(self, request: web.Request) -> web.Response:
        identity = await self._manager(request)
        name = sounds.checked(request.match_info["name"])
        used = self._used.get(name, ())
        if used and not await asyncio.to_thread(self._library.is_ours, name):
            raise BusyError(
                f"This sound is that of {', '.join(used)}: give that another one in the configuration first."
            )
        await asyncio.to_thread(self._library.remove, name)
        await self._noted(identity, "sound_removed", name)
        log.info("alarms.sound_removed", sound=name, credential=identity.credential)
        return web.Response(status=204)

    async def _play(self, request: web.Request) -> web.Response:
        identity = await self._manager(request)
        name = sounds.checked(request.match_info["name"])
        wanted = await read_body(request, Where)
        if not self._is_extension(wanted.to):
            raise BadRequestError("`to` is an extension of this house that has a telephone.")
        await asyncio.to_thread(self._library.read, name)  # one that there is
        await self._noted(identity, "sound_played", name, destination=wanted.to)
        await self._play_at(wanted.to, name)
        return answer({}, 202)

    def _shown(self, one: sounds.Kept) -> AlarmSound:
        return AlarmSound(
            name=one.name, own=one.own, seconds=one.seconds, loudness=one.loudness, used=self._used.get(one.name, ())
        )

    async def _noted(self, identity: Identity, kind: str, name: str, **more: str) -> None:
        """Write down in the log of alarms who did it: a sound that people know is part of an alarm."""
        await self._note(LogEntry(at=self._now(), actor=identity.login, kind=kind, data={"name": name, **more}))

    async def _operator(self, request: web.Request) -> Identity:
        identity = await self._guard.identify(request)
        identity.must_have(SCOPE)
        self._desk.operator(identity.login)
        return identity

    async def _manager(self, request: web.Request) -> Identity:
        identity = await self._operator(request)
        if not MANAGES & set(self._desk.operator(identity.login).roles):
            raise NotAllowedError("The sounds of alarms are changed and tried by those who manage alarms.")
        return identity


async def _recording(request: web.Request) -> bytes:
    """Read the body, as far as a recording may be long; other bodies are kept far shorter by the server."""
    body = bytearray()
    try:
        async with asyncio.timeout(3 * ARRIVES_WITHIN):
            async for chunk in request.content.iter_chunked(CHUNK):
                body += chunk
                if len(body) > sounds.LARGEST:
                    raise sounds.UnfitError(sounds.TOO_LARGE)
    except TimeoutError as error:
        raise sounds.UnfitError(sounds.LATE) from error
    except (web.RequestPayloadError, ConnectionError) as error:
        raise sounds.UnfitError(sounds.LATE) from error
    return bytes(body)
