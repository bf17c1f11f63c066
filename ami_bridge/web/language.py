"""In which of our languages a page that is written here speaks to somebody."""

from typing import Literal

from aiohttp import web

Language = Literal["de", "en"]


def language_of(request: web.Request, wished: Language | None) -> Language:
    """Return what the person wishes, else the first of our languages that the browser names, else German."""
    if wished is not None:
        return wished
    offered = [one.strip()[:2].lower() for one in request.headers.get("Accept-Language", "").split(",")]
    return "en" if "en" in offered and "de" not in offered[: offered.index("en")] else "de"
