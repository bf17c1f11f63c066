"""Asking the daemon over HTTP with one's own token, as commands of people do."""

import io
import json
import secrets
from contextlib import AbstractAsyncContextManager
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
    return await _asked(session.request(method, url, json=body, headers=headers))


async def send(session: aiohttp.ClientSession, method: str, url: str, content: bytes) -> dict[str, Any]:
    """Send a file; likewise."""
    return await _asked(
        session.request(method, url, data=io.BytesIO(content), headers={"Content-Type": "application/octet-stream"})
    )


async def _asked(request: AbstractAsyncContextManager[aiohttp.ClientResponse]) -> dict[str, Any]:
    try:
        async with request as response:
            text = await response.read()
            answer: dict[str, Any] = json.loads(text) if text else {}
    except (OSError, aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise NotReachableError("the daemon does not answer") from error
    if not response.ok:
        raise BadRequestError(answer.get("detail") or f"the daemon answered {response.status}")
    return answer


def over_http(url: str) -> str:
    """Return the address of the daemon's HTTP side from that of its websocket."""
    parts = urlsplit(url)
    return f"{'https' if parts.scheme in {'wss', 'https'} else 'http'}://{parts.netloc}"
