"""One websocket from hello to goodbye: who it is, what they follow, the state, then the news."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import msgspec
import structlog
from aiohttp import WSMsgType, web

from ami_bridge import wire
from ami_bridge.errors import (
    BadRequestError,
    BridgeError,
    NotAllowedError,
    RateLimitedError,
    UnauthorisedError,
    UnknownOpError,
)
from ami_bridge.tasks import race
from ami_bridge.web.hub import Hub
from ami_bridge.web.identity import Guard
from ami_bridge.web.link import TICK_EVERY, SocketLink

log = structlog.get_logger()

HELLO_WITHIN = 10.0
LARGEST_MESSAGE = 65_536
LINKS_PER_PERSON = 20
REQUESTS_PER_SECOND = 20
FLOOD_PER_SECOND = 200
ALWAYS = ("bridge",)


class Desk(Protocol):
    """What a socket asks about people and the state of things; all from memory."""

    def user(self, login: str) -> wire.User | None:
        """Who this is; None for somebody who is gone."""

    def may_follow(self, login: str, topic: str) -> bool:
        """Whether this person may follow a topic; what is not known is not allowed."""

    def capabilities(self, login: str) -> Sequence[str]:
        """Return what this person can do with calls."""

    def snapshot(self, login: str, topic: str, *, seq: int) -> wire.Snapshot:
        """Return the whole state of a topic for this person."""


class Sockets:
    """The route `GET /api/v1/ws`."""

    def __init__(self, *, hub: Hub, guard: Guard, desk: Desk) -> None:
        self._hub = hub
        self._guard = guard
        self._desk = desk

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one client until it goes or is sent away."""
        identity = await self._guard.identify(request)
        if "events" not in identity.scopes:
            raise NotAllowedError("This token may not follow events; make one with the scope `events`.")
        if self._desk.user(identity.login) is None:
            raise NotAllowedError("This person is not known any more.")
        offered = [one.strip() for one in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        if wire.PROTOCOL not in offered:  # aiohttp would only log it and upgrade without a protocol
            raise BadRequestError(f"Offer the websocket subprotocol {wire.PROTOCOL}.")
        if len(self._hub.links(identity.login)) >= LINKS_PER_PERSON:
            raise RateLimitedError("Too many connections of one person.", retry_after=30)
        socket = web.WebSocketResponse(
            protocols=(wire.PROTOCOL,), heartbeat=TICK_EVERY, max_msg_size=LARGEST_MESSAGE, compress=False
        )
        await socket.prepare(request)
        link = SocketLink(socket, request, login=identity.login, credential=identity.credential)
        try:
            if (hello := await self._hello(socket, link)) is not None:
                with self._hub.connected(link):
                    await self._guard.identify(request)  # it may have been revoked before the hub could cut this link
                    self._welcome(link, hello)
                    await race(self._read(socket, link), link.write(), link.decided())
        except UnauthorisedError:
            link.close_soon(4500, "revoked")
        except ConnectionError:
            pass  # the client went in the middle of a message
        finally:
            await link.close()
        return socket

    async def _hello(self, socket: web.WebSocketResponse, link: SocketLink) -> wire.Hello | None:
        """Wait for the first message; None, and a decided end, where it is missing or something else."""
        try:
            async with asyncio.timeout(HELLO_WITHIN):
                first = await socket.receive()
        except TimeoutError:
            link.close_soon(4504, "no hello")
            return None
        if first.type is not WSMsgType.TEXT:
            link.close_soon(*((4501, "hello must be text") if first.type is WSMsgType.BINARY else (1001, "gone")))
            return None
        try:
            message = wire.decode_from_client(first.data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            link.close_soon(4501, f"not a hello: {error}"[:100])
            return None
        if isinstance(message, wire.Hello):
            return message
        link.close_soon(4501, "the first message must be hello")
        return None

    def _welcome(self, link: SocketLink, hello: wire.Hello) -> None:
        """Give the state and join the news, with no wait in between, so that nothing is lost."""
        user = self._desk.user(link.login)
        if user is None:
            link.close_soon(4500, "not known any more")
            return
        asked = (*ALWAYS, *(topic for topic in dict.fromkeys(hello.topics) if topic not in ALWAYS))
        link.topics = {topic for topic in asked if topic in ALWAYS or self._desk.may_follow(link.login, topic)}
        follows = [topic for topic in asked if topic in link.topics]
        missed = None
        if hello.resume is not None:
            missed = self._hub.missed(link.login, hello.resume, topics=link.topics, extensions=user.extensions)
        seq = self._hub.seq
        welcome = wire.Welcome(
            epoch=self._hub.epoch,
            seq=seq,
            recovered=missed is not None,
            heartbeat=int(TICK_EVERY),
            user=user,
            capabilities=tuple(self._desk.capabilities(link.login)),
            topics=tuple(follows),
            refused=tuple(topic for topic in asked if topic not in link.topics),
        )
        if missed is not None and hello.resume is not None:
            link.begin([welcome, *missed], start=seq, prev=hello.resume.seq)
        else:
            state = [self._desk.snapshot(link.login, topic, seq=seq) for topic in follows]
            link.begin([welcome, *state], start=seq, prev=seq)

    async def _read(self, socket: web.WebSocketResponse, link: SocketLink) -> None:
        """Answer requests until the client goes."""
        loop = asyncio.get_running_loop()
        second, count = 0, 0
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                link.close_soon(4501, "only text is spoken here")
                return
            if (this := int(loop.time())) != second:
                second, count = this, 0
            count += 1
            if count > FLOOD_PER_SECOND:
                link.close_soon(4501, "too many requests")
                return
            answer = self._answer(link, message.data, too_many=count > REQUESTS_PER_SECOND)
            if answer is None:
                return
            link.answer(answer)

    def _answer(self, link: SocketLink, text: str, *, too_many: bool) -> wire.Response | None:
        """Do what is asked; what is no request at all ends the link, and the answer is None."""
        try:
            request = wire.decode_from_client(text)
        except msgspec.ValidationError as error:
            if (id_ := _id_in(text)) is not None:
                return _refusal(id_, BadRequestError(str(error)))
            link.close_soon(4501, "not JSON")
            return None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            link.close_soon(4501, "not JSON")
            return None
        if isinstance(request, wire.Hello):
            link.close_soon(4501, "hello twice")
            return None
        try:
            if too_many:
                raise RateLimitedError("Too many requests in one second.")
            return wire.Response(id=request.id, ok=True, result=self._do(link, request))
        except BridgeError as error:
            return _refusal(request.id, error)

    def _do(self, link: SocketLink, request: wire.Request) -> dict[str, object]:
        match request.op:
            case "subscribe":
                topics = _topics(request)
                refused = [topic for topic in topics if not self._desk.may_follow(link.login, topic)]
                new = [topic for topic in topics if topic not in refused and topic not in link.topics]
                link.topics.update(new)
                for topic in new:
                    link.answer(self._desk.snapshot(link.login, topic, seq=self._hub.seq))
                return {"topics": sorted(link.topics), "refused": refused}
            case "unsubscribe":
                link.topics.difference_update(topic for topic in _topics(request) if topic not in ALWAYS)
                return {"topics": sorted(link.topics)}
            case "resync":
                for topic in sorted(link.topics):
                    link.answer(self._desk.snapshot(link.login, topic, seq=self._hub.seq))
                return {"seq": self._hub.seq}
            case _:
                raise UnknownOpError(f"There is no operation {request.op[:40]!r}.")


def _topics(request: wire.Request) -> list[str]:
    """Return the topics a request names."""
    topics = request.params.get("topics")
    if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
        raise BadRequestError("`params.topics` must be a list of topics.")
    return [topic[:100] for topic in topics[:100]]


def _id_in(text: str) -> str | None:
    """Find the id of a request that is otherwise wrong, so that its sender knows which one it was.

    None where it is not even JSON: a form can be found wrong before the end is read.
    """
    try:
        raw = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    found = raw.get("id") if isinstance(raw, dict) else None
    return found[:100] if isinstance(found, str) else ""


def _refusal(id_: str, error: BridgeError) -> wire.Response:
    """Write an error as an answer."""
    problem = wire.Problem(
        code=error.code,
        message=str(error),
        retry=error.retry,
        retry_after=error.retry_after if isinstance(error, RateLimitedError) else None,
    )
    return wire.Response(id=id_, ok=False, error=problem)
