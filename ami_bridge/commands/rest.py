"""Asking the daemon over HTTP with one's own token, as commands of people do."""

import secrets
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from ami_bridge.errors import BadRequestError, NotReachableError

ANSWER_WITHIN = 30.0


def signed_in(token: str) -> aiohttp.ClientSession:
    """Return a session with this token, to be entered."""
    return aiohttp.ClientSession(
        headers={"Authorization": f"Bearer {token}"}, timeout=aiohttp.ClientTimeout(total=ANSWER_WITHIN)
    )


async def ask(session: aiohttp.ClientSession, method: str, url: str, body: object | None = None) -> dict[str, Any]:
    """Ask the daemon; its words where it says no."""
    headers = {} if body is None else {"Idempotency-Key": secrets.token_hex(16)}
    try:
        async with session.request(method, url, json=body, headers=headers) as response:
            answer: dict[str, Any] = await response.json(content_type=None)
    except (OSError, aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise NotReachableError("the daemon does not answer") from error
    if not response.ok:
        raise BadRequestError(answer.get("detail") or f"the daemon answered {response.status}")
    return answer


def over_http(url: str) -> str:
    """Return the address of the daemon's HTTP side from that of its websocket."""
    parts = urlsplit(url)
    return f"{'https' if parts.scheme in {'wss', 'https'} else 'http'}://{parts.netloc}"
