"""One websocket from hello to goodbye: who it is, what they follow, the state, then the news."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec
import structlog
from aiohttp import WSMsgType, web

from ami_bridge import wire
from ami_bridge.errors import (
    BadRequestError,
    BridgeError,
    NotAllowedError,
    NotReachableError,
    RateLimitedError,
    UnauthorisedError,
    UnknownOpError,
)
from ami_bridge.tasks import race
from ami_bridge.web.hub import Hub
from ami_bridge.web.identity import Guard, Identity
from ami_bridge.web.link import TICK_EVERY, SocketLink

log = structlog.get_logger()

HELLO_WITHIN = 10.0
LARGEST_MESSAGE = 65_536
LINKS_PER_PERSON = 20
REQUESTS_PER_SECOND = 20
FLOOD_PER_SECOND = 200
ALWAYS = ("bridge",)
LOOK_AT_CLOCK_EVERY = 600.0
"""Seconds at most between two looks whether a credential is over: a machine that slept counts them wrong."""
TOO_SLOW = 4008
ASK_AGAIN_AFTER = 5.0
"""Seconds until a credential is asked for again where the database does not answer."""


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

    def __init__(self, *, hub: Hub, guard: Guard, desk: Desk, now: Callable[[], datetime]) -> None:
        self._hub = hub
        self._guard = guard
        self._desk = desk
        self._now = now
        self._open: Counter[str] = Counter()
        """Connections per person, from the upgrade on."""

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
        if self._open[identity.login] >= LINKS_PER_PERSON:
            raise RateLimitedError("Too many connections of one person.", retry_after=30)
        self._open[identity.login] += 1
        try:
            return await self._serve(request, identity)
        finally:
            self._open[identity.login] -= 1
            self._open += Counter()  # forgets who has none left

    async def _serve(self, request: web.Request, identity: Identity) -> web.WebSocketResponse:
        """Upgrade, and serve from hello to goodbye."""
        socket = web.WebSocketResponse(
            protocols=(wire.PROTOCOL,), heartbeat=TICK_EVERY, max_msg_size=LARGEST_MESSAGE, compress=False
        )
        await socket.prepare(request)
        link = SocketLink(socket, request, login=identity.login, credential=identity.credential)
        try:
            if (hello := await self._hello(socket, link)) is not None:
                with self._hub.connected(link):
                    # it may have been revoked before the hub could cut this link
                    identity = await self._guard.identify(request)
                    self._welcome(link, hello)
                    await race(
                        self._read(socket, link), link.write(), link.decided(), self._over(request, identity, link)
                    )
        except UnauthorisedError:
            link.close_soon(4500, "revoked")
        except ConnectionError:
            pass  # the client went in the middle of a message
        finally:
            await link.close()
            if link.closing is not None and link.closing[0] == TOO_SLOW:
                self._hub.cut_slow += 1
        return socket

    async def _over(self, request: web.Request, identity: Identity, link: SocketLink) -> None:
        """Wait until the credential is over, and end the link then: nobody stays for ever on what once held.

        Asked only after the deadline, for to ask before it is a use that renews it.
        """
        while True:
            while (left := (identity.expires - self._now()).total_seconds()) > 0:  # noqa: ASYNC110 - it is the clock
                await asyncio.sleep(min(left, LOOK_AT_CLOCK_EVERY) + 0.001)
            try:
                identity = await self._guard.identify(request)  # others may have renewed it meanwhile
            except UnauthorisedError:
                link.close_soon(4001, "session over")
                return
            except NotReachableError:
                await asyncio.sleep(ASK_AGAIN_AFTER)

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
        follows = [topic for topic in asked if topic in ALWAYS or self._desk.may_follow(link.login, topic)]
        seq, missed, known = self._hub.seq, None, set[str]()
        if hello.resume is not None:
            known = self._hub.followed(link.login, link.credential, hello.resume.seq).intersection(follows)
            missed = self._hub.missed(link.login, hello.resume, topics=known, extensions=user.extensions)
        link.topics = dict.fromkeys(follows, seq)
        if missed is not None and hello.resume is not None:
            link.topics |= dict.fromkeys(known, hello.resume.seq)
        welcome = wire.Welcome(
            epoch=self._hub.epoch,
            seq=seq,
            recovered=missed is not None,
            heartbeat=int(TICK_EVERY),
            user=user,
            capabilities=tuple(self._desk.capabilities(link.login)),
            topics=tuple(follows),
            refused=tuple(topic for topic in asked if topic not in follows),
        )
        if missed is not None and hello.resume is not None:
            new = [self._desk.snapshot(link.login, topic, seq=seq) for topic in follows if topic not in known]
            link.begin([welcome, *missed, *new], start=seq, prev=hello.resume.seq)
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
                self._show(link, new)
                return {"topics": sorted(link.topics), "refused": refused}
            case "unsubscribe":
                for topic in _topics(request):
                    if topic not in ALWAYS:
                        link.topics.pop(topic, None)
                return {"topics": sorted(link.topics)}
            case "resync":
                self._show(link, sorted(link.topics))
                return {"seq": self._hub.seq}
            case _:
                raise UnknownOpError(f"There is no operation {request.op[:40]!r}.")

    def _show(self, link: SocketLink, topics: Sequence[str]) -> None:
        """Give the state of these topics, after all other news until now, with no wait in between."""
        if topics:
            seq = self._hub.seq
            before = [one for one in self._hub.under_way(link.login) if one.topic in link.topics]
            link.topics |= dict.fromkeys(topics, seq)
            link.show([self._desk.snapshot(link.login, topic, seq=seq) for topic in topics], seq=seq, before=before)


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
