"""One websocket from hello to goodbye: who it is, what they follow, the state, then the news."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import datetime
from functools import partial
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
)
from ami_bridge.tasks import race
from ami_bridge.web.hub import Hub
from ami_bridge.web.identity import Guard, Identity
from ami_bridge.web.link import TICK_EVERY, SocketLink
from ami_bridge.web.ops import Asked, Ops
from ami_bridge.web.topics import Offering, Source

log = structlog.get_logger()

HELLO_WITHIN = 10.0
LARGEST_MESSAGE = 65_536
LINKS_PER_PERSON = 20
REQUESTS_PER_SECOND = 20
FLOOD_PER_SECOND = 200
OPS_AT_ONCE = 8
"""Operations under way per connection: a telephone may take a while to be answered."""
ALWAYS = ("bridge",)
LOOK_AT_CLOCK_EVERY = 600.0
"""Seconds at most between two looks whether a credential is over: a machine that slept counts them wrong."""
TOO_SLOW = 4008
ASK_AGAIN_AFTER = 5.0
"""Seconds until a credential is asked for again where the database does not answer."""


class Desk(Protocol):
    """What a socket asks about people; all from memory."""

    def user(self, login: str) -> wire.User | None:
        """Who this is; None for somebody who is gone."""

    def capabilities(self, login: str) -> Sequence[str]:
        """Return what this person can do with calls."""


Arrived = Callable[[Identity], Awaitable[None]]
"""Told of a client that begins anew, so that its person may have begun to work at its machine."""


class Sockets:
    """The route `GET /api/v1/ws`."""

    def __init__(
        self,
        *,
        hub: Hub,
        guard: Guard,
        desk: Desk,
        topics: Source,
        ops: Ops,
        now: Callable[[], datetime],
        arrived: Arrived | None = None,
    ) -> None:
        self._hub = hub
        self._guard = guard
        self._desk = desk
        self._topics = topics
        self._ops = ops
        self._now = now
        self._arrived = arrived
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
                if hello.resume is None and self._arrived is not None:
                    await self._arrived(identity)  # before the link is known: what changes is in its first snapshot
                with self._hub.connected(link):
                    # it may have been revoked before the hub could cut this link
                    identity = await self._guard.identify(request)
                    self._welcome(link, hello)
                    await race(
                        self._read(socket, link, identity),
                        link.write(),
                        link.decided(),
                        self._over(request, identity, link),
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
        follows = [topic for topic in asked if topic in ALWAYS or self._topics.may_follow(link.login, topic)]
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
            offers=tuple(self._topics.offers(link.login)) if isinstance(self._topics, Offering) else (),
        )
        if missed is not None and hello.resume is not None:
            new = [self._topics.snapshot(link.login, topic, seq=seq) for topic in follows if topic not in known]
            link.begin([welcome, *missed, *new], start=seq, prev=hello.resume.seq)
        else:
            state = [self._topics.snapshot(link.login, topic, seq=seq) for topic in follows]
            link.begin([welcome, *state], start=seq, prev=seq)

    async def _read(self, socket: web.WebSocketResponse, link: SocketLink, identity: Identity) -> None:
        """Answer requests until the client goes; what takes a while is answered when it is done."""
        loop = asyncio.get_running_loop()
        second, count = 0, 0
        under_way: dict[str, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as tasks:
            with suppress(ConnectionError):  # the client went in the middle of a message
                async for message in socket:
                    if message.type is not WSMsgType.TEXT:
                        link.close_soon(4501, "only text is spoken here")
                        break
                    if (this := int(loop.time())) != second:
                        second, count = this, 0
                    count += 1
                    if count > FLOOD_PER_SECOND:
                        link.close_soon(4501, "too many requests")
                        break
                    answer = self._answer(link, message.data, under_way.keys(), too_many=count > REQUESTS_PER_SECOND)
                    if answer is None:
                        break
                    if isinstance(answer, wire.Request):
                        operation = self._operate(link, identity, answer)
                        under_way[answer.id] = one = tasks.create_task(operation, name="operation")
                        one.add_done_callback(partial(_over, under_way, answer.id))
                    else:
                        link.answer(answer)
            await asyncio.sleep(
                0
            )  # what was asked for last has begun now; what must not be half done sees to that itself
            for one in list(under_way.values()):
                one.cancel()  # nobody is there to hear the answer

    async def _operate(self, link: SocketLink, identity: Identity, request: wire.Request) -> None:
        """Have an operation done, and answer."""
        asked = Asked(
            login=identity.login,
            credential=identity.credential,
            scopes=identity.scopes,
            params=request.params,
            key=request.key,
        )
        try:
            answer = wire.Response(id=request.id, ok=True, result=await self._ops.do(request.op, asked))
        except BridgeError as error:
            answer = _refusal(request.id, error)
        except Exception:  # a bug in one operation must not end the link, with all its news
            log.exception("web.operation_failed", op=request.op[:40])
            answer = _refusal(request.id, BridgeError("Something went wrong on our side; the log knows more."))
        link.answer(answer)

    def _answer(
        self, link: SocketLink, text: str, under_way: AbstractSet[str], *, too_many: bool
    ) -> wire.Response | wire.Request | None:
        """Do what is asked and answer, or give back what takes a while.

        What is no request at all ends the link, and the answer is None.
        """
        request = _read(text)
        if isinstance(request, str):
            link.close_soon(4501, request)
            return None
        if isinstance(request, wire.Response):
            return request
        try:
            if too_many:
                raise RateLimitedError("Too many requests in one second.")
            if (result := self._do(link, request)) is not None:
                return wire.Response(id=request.id, ok=True, result=result)
            if request.id in under_way:
                raise BadRequestError("A request with this `id` is under way.")
            if len(under_way) >= OPS_AT_ONCE:
                raise RateLimitedError("Too many operations are under way.")
        except BridgeError as error:
            return _refusal(request.id, error)
        return request

    def _do(self, link: SocketLink, request: wire.Request) -> dict[str, object] | None:
        """Do what concerns the link itself, at once; None for everything else."""
        match request.op:
            case "subscribe":
                topics = _topics(request)
                refused = [topic for topic in topics if not self._topics.may_follow(link.login, topic)]
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
                return None

    def _show(self, link: SocketLink, topics: Sequence[str]) -> None:
        """Give the state of these topics, after all other news until now, with no wait in between."""
        if topics:
            seq = self._hub.seq
            before = [one for one in self._hub.under_way(link.login) if one.topic in link.topics]
            link.topics |= dict.fromkeys(topics, seq)
            link.show([self._topics.snapshot(link.login, topic, seq=seq) for topic in topics], seq=seq, before=before)


def _over(under_way: dict[str, asyncio.Task[None]], id_: str, _task: asyncio.Task[None]) -> None:
    """Forget an operation that has ended."""
    under_way.pop(id_, None)


def _read(text: str) -> wire.Request | wire.Response | str:
    """Read a request; the answer where its form is wrong, or why the link must end where it is no request at all."""
    try:
        message: wire.Hello | wire.Request = wire.decode_from_client(text)
    except msgspec.ValidationError as error:
        id_ = _id_in(text)
        return "not JSON" if id_ is None else _refusal(id_, BadRequestError(str(error)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "not JSON"
    return "hello twice" if isinstance(message, wire.Hello) else message


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
