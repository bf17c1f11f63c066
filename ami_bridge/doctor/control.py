"""`GET /doctor` of the control socket."""

from aiohttp import web

from ami_bridge.doctor.examine import Doctor
from ami_bridge.doctor.model import Language
from ami_bridge.errors import BadRequestError
from ami_bridge.web.body import answer

LANGUAGES: tuple[Language, ...] = ("de", "en")


class DoctorDesk:
    """Does what `ami-bridge doctor` asks for."""

    def __init__(self, doctor: Doctor) -> None:
        self._doctor = doctor

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the route of the control socket."""
        router.add_get("/doctor", self._look)

    async def _look(self, request: web.Request) -> web.Response:
        return answer(await self._doctor.look(language_of(request)))


def language_of(request: web.Request) -> Language:
    """Return the language that is asked for, by default German."""
    asked = request.query.get("lang", "de")
    for language in LANGUAGES:
        if asked == language:
            return language
    raise BadRequestError("lang is de or en.")
