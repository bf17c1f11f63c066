"""The second listener, for the dialplan only: a form in, one line of text out."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TypeAlias

import structlog
from aiohttp import web

from ami_bridge.config import host_and_port
from ami_bridge.errors import ConfigError

log = structlog.get_logger()

LARGEST_BODY = 4096
READ_WITHIN = 2.0
"""Seconds for the whole question; the dialplan itself waits far less."""
KEPT_WITHIN = 2.0
"""Seconds for an answer that is on the disk first; the dialplan waits as long."""
HEADER = "X-Bridge"

Answer: TypeAlias = Callable[[Mapping[str, str]], str | Awaitable[str]]


@asynccontextmanager
async def serve_pbx(listen: str, secret: str, answers: Mapping[str, Answer]) -> AsyncIterator[int]:
    """Answer `POST /pbx/<name>` until the end of the block; yields the port.

    An answer must come from memory: it is called in the loop, and while it thinks a caller waits. Only what must be
    kept before it is answered, an alarm taken over, may be awaited.
    """
    if not secret:
        raise ConfigError("[pbx.questions]: without a secret anybody could ask")
    app = web.Application(client_max_size=LARGEST_BODY)
    questions = _Questions(secret, answers)
    app.router.add_route("*", "/{path:.*}", questions.answer)
    # No access log: what is asked holds numbers.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, keepalive_timeout=30)
    await runner.setup()
    try:
        host, port = host_and_port(listen)
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise ConfigError(f"[pbx.questions.listen]: {listen} cannot be opened: {error.strerror}") from error
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


class _Questions:
    """Lets in who knows the secret."""

    def __init__(self, secret: str, answers: Mapping[str, Answer]) -> None:
        self._secret = secret.encode()
        self._answers = {f"/pbx/{name}": answer for name, answer in answers.items()}

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one question; every refusal is a status without a word, which the dialplan takes as a failure."""
        try:
            line = await self._line(request)
        except web.HTTPException as refusal:
            status = refusal.status
        except TimeoutError:
            status = 408
        except Exception:  # a bug in one answer must not look like a name, nor end the listener
            log.exception("pbx.answer_failed", question=request.path)
            status = 500
        else:
            return web.Response(text=" ".join(line.splitlines()), content_type="text/plain", charset="utf-8")
        return web.Response(status=status, text="", content_type="text/plain", charset="utf-8")

    async def _line(self, request: web.Request) -> str:
        given = request.headers.getall(HEADER, [])
        # Asterisk adds up headers within a channel, so the same secret may stand there more than once.
        if not given or not all(_same(one, self._secret) for one in given):
            raise web.HTTPForbidden
        answer = self._answers.get(request.path)
        if answer is None:
            raise web.HTTPNotFound
        if request.method != "POST":
            raise web.HTTPMethodNotAllowed(request.method, ["POST"])
        async with asyncio.timeout(READ_WITHIN):
            form = await _form(request)
        answered = answer(form)
        if isinstance(answered, str):
            return answered
        async with asyncio.timeout(KEPT_WITHIN):
            return await answered


async def _form(request: web.Request) -> Mapping[str, str]:
    """Read the form, of at most LARGEST_BODY; anything else is refused. Files are none of it."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise web.HTTPBadRequest
    try:
        form = await request.post()
    except (ValueError, LookupError) as error:  # not text, or of a charset that nobody knows
        raise web.HTTPBadRequest from error
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _same(given: str, secret: bytes) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), secret)
