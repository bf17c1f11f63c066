"""The socket on the terminal server: the kernel says who connects, the daemon makes the token for that login."""

import asyncio
import contextlib
import os
import pwd
import socket
import ssl
import stat
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import aiohttp
import msgspec
import structlog
from msgspec import Struct

from ami_bridge.broker.config import Known
from ami_bridge.errors import (
    BadRequestError,
    BridgeError,
    ConfigError,
    NotAllowedError,
    NotReachableError,
    RateLimitedError,
    RefusedError,
)
from ami_bridge.people.tries import Tries

log = structlog.get_logger()

ASKS_WITHIN = 5.0
DAEMON_WITHIN = 6.0
LONGEST_QUESTION = 1024
LARGEST_ANSWER = 4096
AT_ONCE = 64
"""Questions at the same time; who comes then waits."""
OF_ONE_AT_ONCE = 8
"""Connections of one account, so that nobody keeps the others waiting; more are closed without an answer."""
MOST = 30
WITHIN = timedelta(minutes=15)
"""How often one account may ask within that time."""
CREDENTIALS = struct.Struct("3i")


class Question(Struct, frozen=True):
    """What a program says about itself; the account is not its to say."""

    name: str = "terminal server"
    host: str | None = None


class Told(Struct, frozen=True, kw_only=True):
    """What a program is told: a token, and where it opens."""

    token: str
    expires: datetime
    url: str = ""


class Made(Struct, frozen=True, kw_only=True):
    """What the daemon answers."""

    token: str
    expires: datetime


class Why(Struct, frozen=True):
    """Why there is no token."""

    code: str
    message: str


class Broker:
    """Answers one question after the other, for many at once."""

    def __init__(self, known: Known, *, session: aiohttp.ClientSession, now: Callable[[], datetime]) -> None:
        self._known = known
        self._session = session
        self._now = now
        self._tries = Tries(most=MOST, within=WITHIN)
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._here = Counter[int]()
        """Connections of each account."""
        self._tls = _trust(known.config.ca_file)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer who has connected."""
        uid = peer_of(writer.get_extra_info("socket"))
        if self._here[uid] >= OF_ONE_AT_ONCE:
            writer.close()
            return
        self._here[uid] += 1
        try:
            async with self._turn:
                answer: Told | Why
                try:
                    answer = await self._told(reader, uid)
                except BridgeError as error:
                    answer = Why(error.code, str(error))
                writer.write(msgspec.json.encode(answer) + b"\n")
                async with asyncio.timeout(ASKS_WITHIN):
                    await writer.drain()
        except (OSError, TimeoutError):
            pass  # who asked is gone
        finally:
            self._here[uid] -= 1
            self._here += Counter()  # forgets who has none left
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _told(self, reader: asyncio.StreamReader, uid: int) -> Told:
        # First: a socket that is closed with something unread takes its answer along.
        question = await _question(reader)
        if uid < self._known.config.least_uid:
            raise NotAllowedError("This account belongs to a service, not to a person.")
        if (wait := self._tries.wait(str(uid), self._now())) > 0:
            raise RateLimitedError("Too many tokens were asked for; try again later.", retry_after=wait)
        self._tries.count(str(uid), self._now())
        try:
            made = await self._ask(await _login_of(uid), question)
        except NotReachableError:
            self._tries.give_back(str(uid))  # it was not theirs that there was none
            raise
        return Told(token=made.token, expires=made.expires, url=self._known.base)

    async def _ask(self, login: str, question: Question) -> Made:
        """Ask the daemon; raises what keeps it from giving a token."""
        try:
            async with (
                asyncio.timeout(DAEMON_WITHIN),
                self._session.post(
                    f"{self._known.base}/api/v1/broker/token",
                    data=msgspec.json.encode({"login": login, "name": question.name, "host": question.host}),
                    headers={"Authorization": f"Bearer {self._known.key}", "Content-Type": "application/json"},
                    ssl=self._tls,
                    allow_redirects=False,
                ) as response,
            ):
                said = b""
                while len(said) < LARGEST_ANSWER and (piece := await response.content.read(LARGEST_ANSWER)):
                    said += piece  # a proxy between may cut it
        except (OSError, aiohttp.ClientError, TimeoutError) as error:
            log.warning("broker.daemon_away", why=type(error).__name__)
            raise NotReachableError("The daemon does not answer at the moment.") from error
        if response.status == HTTPStatus.CREATED:
            with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
                return msgspec.json.decode(said, type=Made)
        if response.status == HTTPStatus.UNAUTHORIZED:
            log.error("broker.key_refused", why="the daemon does not know this broker's key, or not from here")
            raise RefusedError("The broker of this machine is not known to the daemon; tell the administrator.")
        if response.status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
            raise NotReachableError(_detail(said))
        log.info("broker.refused", status=response.status)
        raise RefusedError(_detail(said))


@asynccontextmanager
async def serve_broker(known: Known, *, now: Callable[[], datetime]) -> AsyncIterator[None]:
    """Listen until the end of the block."""
    path = Path(known.config.socket)
    connections = set[asyncio.StreamWriter]()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        broker = Broker(known, session=session, now=now)

        async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connections.add(writer)
            try:
                await broker.serve(reader, writer)
            finally:
                connections.discard(writer)

        _clear(path)
        before = os.umask(0o111)  # everybody may ask: who it is, the kernel says
        try:
            server = await asyncio.start_unix_server(one, path, limit=LONGEST_QUESTION)
        except OSError as error:
            raise ConfigError(f"[socket]: {path} cannot be opened: {error.strerror}") from error
        finally:
            os.umask(before)
        try:
            async with server:
                log.info("broker.ready", socket=str(path))
                yield
        finally:
            for writer in connections:
                writer.transport.abort()
            _clear(path)


def peer_of(connection: socket.socket) -> int:
    """Return the account at the other end of a Unix socket."""
    said = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    return int(CREDENTIALS.unpack(said)[1])


async def _question(reader: asyncio.StreamReader) -> Question:
    try:
        async with asyncio.timeout(ASKS_WITHIN):
            line = await reader.readline()
        return msgspec.json.decode(line, type=Question)
    except (TimeoutError, ValueError, msgspec.MsgspecError) as error:  # ValueError: no end of line in sight
        raise BadRequestError("The question is not one line of JSON.") from error


async def _login_of(uid: int) -> str:
    """Say who an account is; the directory behind it may take a while, or be away."""
    try:
        async with asyncio.timeout(ASKS_WITHIN):
            return (await asyncio.to_thread(pwd.getpwuid, uid)).pw_name
    except KeyError as error:
        raise NotAllowedError("Nobody on this machine has this account.") from error
    except TimeoutError as error:
        raise NotReachableError("This machine cannot say whose account this is; try again later.") from error


def _trust(ca_file: str) -> ssl.SSLContext | bool:
    if not ca_file:
        return True
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"[ca_file]: {ca_file} holds no certificates") from error


def _detail(said: bytes) -> str:
    """Return the daemon's own sentence."""
    with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError, AttributeError):
        if isinstance(detail := msgspec.json.decode(said).get("detail"), str) and detail:
            return detail
    return "The daemon gives no token."


def _clear(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()
