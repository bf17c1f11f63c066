"""The connection to the daemon, kept up: news come in, requests go out, and what was missed is made good."""

import asyncio
import contextlib
import random
import ssl
import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, Literal, Protocol

import msgspec
from msgspec import Struct
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from ami_bridge import __version__, wire
from ami_bridge.desktop.signin import LaterError

OPEN_WITHIN = 10.0
CLOSE_WITHIN = 1.0
SILENCE = 60.0
"""Seconds after which a link is dead even if nobody says so: two ticks are missing."""
CAUGHT_UP_WITHIN = 10.0
ANSWER_WITHIN = 45.0
CONNECTED_WITHIN = 6.0
"""Seconds that a request waits for a connection: a little longer than the first pause after a restart."""
BEAT = 5.0
SLEPT = 12.0
"""A beat that is so late was none: the process was stopped, or the machine slept."""
PROOF_WITHIN = 2.0
LARGEST_MESSAGE = 16 << 20
LOOK_FOR_TOKEN_EVERY = 3.0
"""Seconds until somebody who has just signed in is seen to have done so."""
NO_MATTER_OF_TOKENS = 60.0
"""The same where it is not the token that was refused, but the program."""
AFTER_GOODBYE = 5.0
"""Seconds among which clients share themselves out when a daemon has said goodbye to all of them."""

PROTOCOL = 1
GOING_AWAY, CUT, RESTART, OVER, RESYNC, REVOKED, VERSION = 1001, 1006, 4000, 4001, 4010, 4500, 4502
STOP_FROM, STOP_BELOW = 4500, 5000
UNAUTHORISED = (401, 403)

State = Literal["connecting", "connected", "refused"]
Token = Callable[[str | None], Awaitable[str | None]]
"""Finds a token, another than the one that was refused; None where there is none. Raises LaterError."""


class RefusedError(Exception):
    """The daemon, or the way to it, says no."""

    def __init__(self, problem: wire.Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class Listener(Protocol):
    """Who is told; all at once, nothing waits."""

    def welcome(self, welcome: wire.Welcome) -> None:
        """Take the beginning of a connection."""

    def take(self, news: wire.Snapshot | wire.Event) -> None:
        """Take one piece of news, in order."""

    def settled(self, *, live: bool) -> None:
        """Say whether what was told until now is the whole truth, fit to be shown."""

    def refused(self, code: int) -> None:
        """Take that trying again is of no use until there is another token."""


class Numbered(Struct, frozen=True):
    """Of a message that says more than we understand: its place in the order."""

    seq: int
    prev: int


_news: Callable[[bytes], wire.FromServer] = msgspec.json.Decoder(wire.FromServer).decode
_numbered = msgspec.json.Decoder(Numbered).decode


def boottime() -> float:
    """Seconds that go on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def pause(code: int, *, failures: int, lost_for: float, chance: float) -> float:
    """Seconds until the next try, `chance` being between 0 and 1: nobody comes back in the same instant as others."""
    if failures == 0 and code in {OVER, RESYNC}:
        return 0.0
    if failures == 0 and code in {GOING_AWAY, RESTART}:
        return AFTER_GOODBYE * chance
    longest = 3.0 if lost_for < SILENCE else 30.0  # a restart takes seconds, and everybody is to be back soon after
    return chance * min(longest, 0.5 * 2.0**failures)


class Link:
    """One client's connection; `run` keeps it up for ever."""

    def __init__(
        self,
        *,
        url: str,
        token: Token,
        language: str,
        listener: Listener,
        topics: tuple[str, ...] = ("calls.self",),
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = boottime,
        chance: Callable[[], float] = random.random,
        say: Callable[[str], None] = print,
    ) -> None:
        self.state: State = "connecting"
        self._url = url
        self._token = token
        self._language = language
        self._listener = listener
        self._topics = topics
        self._tls = tls
        self._clock = clock
        self._chance = chance
        self._say = say
        self._said = ""
        self._epoch = ""
        self._seq = 0
        self._failures = 0
        self._lost_at: float | None = None
        self._beat = clock()
        self._hurry = False
        self._worked = False
        """Whether the last token has let us in."""
        self._socket: ClientConnection | None = None
        self._up = asyncio.Event()
        self._ids = count(1)
        self._proof = ""
        """Id of the request whose answer says that everything before it was told."""
        self._asked: dict[str, asyncio.Future[wire.Response]] = {}

    async def run(self) -> None:
        """Connect, follow, come back; for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_beat(), name="beat")
            token = await self._find(None)
            while True:
                code, retry_after = await self._once(token) if token else (REVOKED, 0.0)
                if STOP_FROM <= code < STOP_BELOW:
                    token = await self._another(token, code)
                    continue
                token = await self._find(token if code == OVER else None)
                if self._slept() or self._hurry:
                    self._hurry = False
                else:
                    await self._rest(code, retry_after)

    async def ask(self, op: str, params: dict[str, object], *, key: str, within: float = ANSWER_WITHIN) -> Any:  # noqa: ANN401 - any JSON
        """Have something done and return the result; the key makes it safe to ask again when the link is cut."""
        try:
            async with asyncio.timeout(within):
                while True:
                    if self.state == "refused":
                        raise RefusedError(wire.Problem(code="unauthorised", message="Not signed in."))
                    async with asyncio.timeout(CONNECTED_WITHIN):
                        await self._up.wait()
                    answer = await self._ask(op, params, key)
                    if answer is not None:
                        break
        except TimeoutError as error:
            raise RefusedError(wire.Problem(code="unavailable", message="No answer.", retry=True)) from error
        if answer.error is not None:
            raise RefusedError(answer.error)
        return answer.result

    # ---- One connection

    async def _once(self, token: str) -> tuple[int, float]:
        """Return with what code it ended, and how long the daemon wants to be left alone."""
        try:
            async with connect(
                self._url,
                subprotocols=[Subprotocol(wire.PROTOCOL)],
                additional_headers={"Authorization": f"Bearer {token}"},
                user_agent_header=f"ami-bridge-desktop/{__version__}",
                compression=None,
                proxy=None,
                ssl=self._tls,
                open_timeout=OPEN_WITHIN,
                close_timeout=CLOSE_WITHIN,
                ping_interval=None,  # the daemon pings
                max_size=LARGEST_MESSAGE,
            ) as socket:
                return await self._follow(socket), 0.0
        except InvalidStatus as error:
            self._tell(f"the daemon answered with status {error.response.status_code}")
            if error.response.status_code in UNAUTHORISED:
                return REVOKED, 0.0
            return CUT, _seconds(error.response.headers.get("Retry-After"))
        except (OSError, TimeoutError, WebSocketException) as error:
            self._tell(f"no connection: {type(error).__name__}: {error}")
            return CUT, 0.0

    async def _follow(self, socket: ClientConnection) -> int:
        """Say hello, take everything, and return with what code it ended."""
        self._socket = socket
        resume = wire.Resume(self._epoch, self._seq) if self._epoch else None
        hello = wire.Hello(client=f"desktop/{__version__}", lang=self._language, topics=self._topics, resume=resume)
        try:
            await socket.send(wire.encode(hello), text=True)
            await self._prove(socket, "subscribe", {"topics": []}, within=CAUGHT_UP_WITHIN)
            while True:
                async with asyncio.timeout(SILENCE):
                    frame = await socket.recv(decode=False)
                await self._read(socket, frame)
        except ConnectionClosed as closed:
            ours = closed.sent is not None and closed.sent.code == VERSION
            return VERSION if ours else closed.rcvd.code if closed.rcvd is not None else CUT
        except TimeoutError:
            socket.transport.abort()
            return CUT
        finally:
            self._lost()

    async def _read(self, socket: ClientConnection, frame: bytes) -> None:
        """Take one message; a newer daemon may say what we do not know, but not out of order."""
        if self._slept():
            await self._resync(socket, PROOF_WITHIN)
        message = _decoded(frame)
        match message:
            case wire.Welcome(protocol=protocol) if protocol != PROTOCOL:
                await socket.close(VERSION)
            case wire.Welcome():
                self._welcomed(message)
            case wire.Response(id=id_):
                self._answered(id_, message)
            case wire.Snapshot() | wire.Event() | wire.Tick() | Numbered():
                if message.prev != self._seq:
                    await self._resync(socket, CAUGHT_UP_WITHIN)
                self._seq = message.seq
                if isinstance(message, wire.Snapshot | wire.Event):
                    self._listener.take(message)

    def _welcomed(self, message: wire.Welcome) -> None:
        if not message.recovered:
            self._epoch, self._seq = message.epoch, message.seq
        self._listener.welcome(message)

    def _answered(self, id_: str, response: wire.Response) -> None:
        if id_ == self._proof:
            self._proof, self._said, self._worked = "", "", True
            self._failures, self._lost_at, self._hurry = 0, None, False
            self.state = "connected"
            self._up.set()
            self._listener.settled(live=True)
        elif (waiting := self._asked.pop(id_, None)) is not None and not waiting.done():
            waiting.set_result(response)

    async def _resync(self, socket: ClientConnection, within: float) -> None:
        """Something may be missing: have all told anew, and show nothing before."""
        self._listener.settled(live=False)
        await self._prove(socket, "resync", {}, within=within)

    async def _prove(self, socket: ClientConnection, op: str, params: dict[str, object], *, within: float) -> None:
        """Ask something harmless; when it is answered, everything before it was told."""
        proof = self._proof = f"p{next(self._ids)}"
        request = wire.Request(id=proof, op=op, params=params)
        asyncio.get_running_loop().call_later(within, self._give_up, socket, proof)
        await socket.send(wire.encode(request), text=True)

    def _give_up(self, socket: ClientConnection, proof: str) -> None:
        """End a connection over which nothing comes back."""
        if self._proof == proof and self._socket is socket:
            self._hurry = True
            socket.transport.abort()

    def _lost(self) -> None:
        """Forget the connection."""
        self._socket, self._proof = None, ""
        self.state = "connecting"
        self._up.clear()
        asked, self._asked = self._asked, {}
        for waiting in asked.values():
            waiting.cancel()
        if self._lost_at is None:
            self._lost_at = self._clock()
        self._listener.settled(live=False)

    async def _ask(self, op: str, params: dict[str, object], key: str) -> wire.Response | None:
        """Ask once; None where the connection ended before the answer."""
        if self._socket is None:
            return None
        id_ = f"r{next(self._ids)}"
        answer = self._asked[id_] = asyncio.get_running_loop().create_future()
        try:
            await self._socket.send(wire.encode(wire.Request(id=id_, op=op, params=params, key=key)), text=True)
            await asyncio.wait([answer])
        except ConnectionClosed:
            return None
        finally:
            self._asked.pop(id_, None)
        return None if answer.cancelled() else answer.result()

    # ---- Between two connections

    async def _rest(self, code: int, retry_after: float) -> None:
        lost_for = 0.0 if self._lost_at is None else self._clock() - self._lost_at
        wait = pause(code, failures=self._failures, lost_for=lost_for, chance=self._chance())
        self._failures = min(self._failures + 1, 20)
        await asyncio.sleep(max(wait, min(retry_after, 60.0)))

    async def _find(self, refused: str | None) -> str | None:
        """Find a token; where there will be one, but not just now, wait for it."""
        while True:
            try:
                return await self._token(refused)
            except LaterError as later:
                self._tell(f"no token yet: {later}")
                await self._rest(CUT, 0.0)

    async def _another(self, token: str | None, code: int) -> str:
        """Wait until the person has signed in anew: coming back with what was refused is of no use."""
        self._epoch = ""
        other = None
        if code == REVOKED and self._worked:  # a terminal server's broker may give another, and nobody need know
            other = await self._find(token)
        self._worked = False
        if other is None or other == token:
            self.state = "refused"
            self._listener.refused(code)
        pause_ = LOOK_FOR_TOKEN_EVERY if code == REVOKED else NO_MATTER_OF_TOKENS
        while other is None or other == token:
            await asyncio.sleep(pause_ * (0.5 + self._chance()))
            other = await self._find(token)
        self.state = "connecting"
        return other

    # ---- Was the process stopped?

    async def _keep_beat(self) -> None:
        """Notice when no time of ours has passed, but time has."""
        while True:
            await asyncio.sleep(BEAT)
            if self._slept() and self._socket is not None and self.state == "connected":
                with contextlib.suppress(ConnectionClosed):  # who reads notices too
                    await self._resync(self._socket, PROOF_WITHIN)

    def _slept(self) -> bool:
        """Whether time went by without us since the last look; if the connection did not live through it, hurry."""
        now = self._clock()
        slept = now - self._beat > SLEPT
        self._beat = now
        self._hurry = self._hurry or slept
        return slept

    def _tell(self, what: str) -> None:
        """Say what is wrong, once."""
        if what != self._said:
            self._said = what
            self._say(what)


def _decoded(frame: bytes) -> wire.FromServer | Numbered | None:
    """Read a message; of one that says more than we understand at least its place."""
    try:
        return _news(frame)
    except msgspec.DecodeError:
        pass
    try:
        return _numbered(frame)
    except msgspec.DecodeError:
        return None


def _seconds(text: str | None) -> float:
    return float(text) if text is not None and text.isdecimal() else 0.0
