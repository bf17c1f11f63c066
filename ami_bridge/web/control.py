"""The control socket: HTTP over a Unix socket that only the daemon's own account (and root) can open."""

import asyncio
import os
import stat
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from aiohttp import web

from ami_bridge.errors import BadRequestError, ConfigError, NotReachableError
from ami_bridge.web.problem import problems

ANSWER_WITHIN = 30.0
"""Seconds for an answer, or for the next line of one that comes in lines."""
LINES = aiohttp.ClientTimeout(total=None, connect=ANSWER_WITHIN, sock_read=ANSWER_WITHIN)
LONGEST_PATH = 100  # a socket's address has 108 bytes


@asynccontextmanager
async def serve_control(
    path: Path, *, add_routes: Iterable[Callable[[web.UrlDispatcher], None]]
) -> AsyncIterator[None]:
    """Listen until the end of the block."""
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise ConfigError(f"[control.socket]: {path} is longer than {LONGEST_PATH} bytes; name a shorter path")
    app = web.Application(middlewares=[problems])
    for add in add_routes:
        add(app.router)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        _clear(path)
        before = os.umask(0o177)
        try:
            await web.UnixSite(runner, str(path)).start()
        except OSError as error:
            raise ConfigError(f"[control.socket]: {path} cannot be opened: {error.strerror}") from error
        finally:
            os.umask(before)
        yield
    finally:
        await runner.cleanup()
        _clear(path)


def _clear(path: Path) -> None:
    """Remove the socket, also of a daemon that was killed: the data directory's lock says that it is gone."""
    with suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.stat().st_mode):
            path.unlink()


async def follow(path: Path, route: str) -> AsyncGenerator[dict[str, Any], None]:
    """Have the running daemon do something that takes a while; yields what it tells on the way, in lines of JSON."""
    try:
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path)), timeout=LINES) as session,
            session.post(f"http://daemon{route}") as response,
        ):
            if not response.ok:
                raise BadRequestError(f"the daemon answered {response.status}")
            async for line in response.content:
                yield msgspec.json.decode(line, type=dict[str, Any])
    except (OSError, aiohttp.ClientError, TimeoutError, ValueError, msgspec.DecodeError) as error:
        raise NotReachableError("no daemon answers on its control socket") from error


async def ask(
    path: Path, method: str, route: str, body: object | None = None, *, query: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Ask the running daemon; NotReachableError where none runs, BadRequestError with its words where it says no."""
    try:
        async with (
            asyncio.timeout(ANSWER_WITHIN),
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session,
            session.request(
                method,
                f"http://daemon{route}",
                params=query,
                data=None if body is None else msgspec.json.encode(body),
                headers={"Content-Type": "application/json"},
            ) as response,
        ):
            text = await response.read()
        answer = msgspec.json.decode(text, type=dict[str, Any]) if text else {}
    except (OSError, aiohttp.ClientError, TimeoutError, msgspec.DecodeError) as error:
        raise NotReachableError("no daemon answers on its control socket") from error
    if not response.ok:
        raise BadRequestError(answer.get("detail") or answer.get("title") or f"the daemon answered {response.status}")
    return answer
