"""EGroupware's own search for a number, over its REST interface; for an explanation, never for a call."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import aiohttp
import msgspec
import structlog

from ami_bridge.dav.transport import basic

log = structlog.get_logger()

ANSWERS_WITHIN = 3.0
LARGEST = 1_000_000
MOST = 10


class RestSearch:
    """Asks EGroupware who has a number."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url = url
        self._headers = {"Accept": "application/json", "Authorization": basic(user, password)}

    async def who(self, number: str) -> list[tuple[str, str]] | None:
        """Return names and organisations of those who have a number; None where it does not answer."""
        try:
            async with (
                asyncio.timeout(ANSWERS_WITHIN),
                aiohttp.ClientSession(headers=self._headers) as session,
                session.get(self._url, params={"filters[search]": number}, allow_redirects=False) as response,
            ):
                if response.status != HTTPStatus.OK:
                    log.warning("contacts.search_failed", status=response.status)
                    return None
                body = b""
                async for piece in response.content.iter_any():
                    body += piece
                    if len(body) > LARGEST:
                        log.warning("contacts.search_failed", cause="the answer is too long")
                        return None
            found = msgspec.json.decode(body)
        except (OSError, aiohttp.ClientError, TimeoutError, msgspec.DecodeError, RecursionError, ValueError) as error:
            log.warning("contacts.search_failed", cause=type(error).__name__)
            return None
        return people_of(found)


def people_of(found: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - any JSON
    """Read names and organisations out of JSContact, as it is written there and in older drafts of it."""
    cards = found.get("responses") if isinstance(found, Mapping) else None
    if not isinstance(cards, Mapping):
        return []
    read = ((_name(card), _org(card)) for card in cards.values() if isinstance(card, Mapping))
    return [one for one in read if any(one)][:MOST]


def _name(card: Mapping[str, Any]) -> str:
    name = card.get("name")
    for said in (card.get("fullName"), name.get("full") if isinstance(name, Mapping) else name):
        text = said.get("value") if isinstance(said, Mapping) else said
        if isinstance(text, str) and text.strip():
            return text
    return ""


def _org(card: Mapping[str, Any]) -> str:
    orgs = card.get("organizations")
    for org in orgs.values() if isinstance(orgs, Mapping) else ():
        name = org.get("name") if isinstance(org, Mapping) else None
        if isinstance(name, str) and name.strip():
            return name
    return ""
