"""One manager connection to one Asterisk, kept up for ever; panoramisk stays behind this fence."""

import asyncio
import logging
import random
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from socket import SO_LINGER, SOL_SOCKET
from struct import pack
from types import MappingProxyType
from typing import Any

import structlog
from panoramisk import Manager
from panoramisk.actions import Action

from ami_bridge.asterisk.message import Message
from ami_bridge.asterisk.protocol import Protocol, Reply
from ami_bridge.config import Pbx
from ami_bridge.errors import ConfigError, NotReachableError, RefusedError
from ami_bridge.tasks import race

log = structlog.get_logger()

Headers = Mapping[str, str | Sequence[str]]

BOOTED_WITHIN = 60.0
"""Seconds that Asterisk may need to load its modules after it takes logins."""
SETTLED_AFTER = 60.0
"""Seconds of good link after which the next loss is a new story."""
LONGEST_PAUSE = 3.0
REFUSED_PAUSE = 30.0
"""Seconds until an account that was refused is tried again: somebody must do something first."""
SLOW = 0.005
"""Seconds that may be spent on one message before debug mode speaks of it: everything else waits meanwhile."""
MOST_LINE_BYTES = 1000  # Asterisk refuses 1,024 without telling which action it means
MOST_HEADERS = 100  # and 128 headers, likewise
ANSWERED_AT_ONCE = frozenset({"originate", "playdtmf", "atxfer"})
"""Actions whose first answer panoramisk would take for the beginning of a list."""
GOOD_ANSWERS = frozenset({"Success", "Goodbye"})
AT_ONCE_AND_FOR_EVER = pack("ii", 1, 0)
"""A socket that is closed so is reset: the kernel sends nothing more of it."""
NO_LIST = "was not answered with a list"
NO_HEADERS: Headers = MappingProxyType({})
HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
NEVER_IN_A_VALUE = re.compile(r"[\r\n\0]")  # a line end would begin a header, or a second action that Asterisk obeys


class LoginRefusedError(RefusedError):
    """Asterisk does not know the account or its secret."""


def pause_before(attempt: int) -> float:
    """Seconds to wait before the next attempt: random, so that several daemons do not come back at once."""
    return random.uniform(0, min(LONGEST_PAUSE, 1.5 ** min(attempt, 10)))  # noqa: S311 - a pause, not a secret


class Connection(Manager):  # type: ignore[misc]  # panoramisk is not typed
    """A Manager for one TCP connection, thrown away with it: a second one would repeat unanswered actions."""

    def __init__(
        self,
        pbx: Pbx,
        *,
        wanted: frozenset[bytes],
        receive: Callable[[Message], None],
        failed: Callable[[Message, Exception], None],
        booted: Callable[[], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        silent = logging.Logger("panoramisk")  # noqa: LOG001 - outside the tree: its lines would hold numbers and secrets
        silent.disabled = True
        super().__init__(
            host=pbx.host,
            port=pbx.port,
            username=pbx.user,
            secret=pbx.secret,
            encoding="utf-8",
            loop=loop,
            ping_delay=86400,  # the link pings itself, and looks at the answer
            log=silent,
            protocol_factory=partial(
                Protocol, wanted=wanted, receive=receive, failed=failed, booted=booted, lost=self.end
            ),
        )
        self.lost: asyncio.Future[str] = loop.create_future()

    def connection_made(self, attempt: "asyncio.Task[Any]") -> None:
        """Log in, if there is a connection; panoramisk's own version starts a second attempt if there is none."""
        if attempt.cancelled() or attempt.exception() is not None:
            return
        if self.lost.done():  # given up while the connection came about
            attempt.result()[0].abort()
            return
        # What has not arrived when this connection is given up must never arrive: after the next login a call that was
        # asked for on the old one would live beside the one that took its place.
        socket = attempt.result()[0].get_extra_info("socket")
        socket.setsockopt(SOL_SOCKET, SO_LINGER, AT_ONCE_AND_FOR_EVER)
        super().connection_made(attempt)

    def end(self, reason: str) -> None:
        """Let everybody who waits for an answer know that none will come."""
        if not self.lost.done():
            self.lost.set_result(reason)

    def connection_lost(self, exc: object) -> None:
        """Remember only; panoramisk's own version connects again."""
        self.end(f"connection lost: {exc}")

    def dispatch(self, event: object) -> None:
        """Events go from the protocol to the link, not through panoramisk's patterns."""

    def close(self) -> None:
        """Leave nothing behind: no timer, no socket, nobody waiting."""
        self.end("connection closed")
        super().close()
        if self.protocol is not None:
            self.protocol.transport.abort()


class AmiLink:
    """The connection to one Asterisk; `run` keeps it up, `send` asks."""

    def __init__(
        self,
        config: Pbx,
        *,
        wanted: frozenset[str],
        pause: Callable[[int], float] = pause_before,
        settled_after: float = SETTLED_AFTER,
        refused_pause: float = REFUSED_PAUSE,
    ) -> None:
        if any(NEVER_IN_A_VALUE.search(text) for text in (config.user, config.secret)):
            raise ConfigError(f"[pbx] {config.id}: user and secret must be one line each")
        self._config = config
        self._wanted = wanted
        self._pause = pause
        self._settled_after = settled_after
        self._refused_pause = refused_pause
        self._connection: Connection | None = None
        self._works = False
        self._said: set[tuple[str, str]] = set()
        self._events = 0

    @property
    def up(self) -> bool:
        """Whether there is a connection whose login was accepted."""
        return self._connection is not None

    @property
    def events(self) -> int:
        """How many wanted events of Asterisk itself came so far, over all connections."""
        protocol = None if self._connection is None else self._connection.protocol
        return self._events + (0 if protocol is None else int(protocol.events))

    def works(self) -> None:
        """Be told, by who was `connected`, that Asterisk answers what the daemon needs: only now all is well."""
        if not self._works:
            self._works = True
            self._said.clear()
            log.info("ami.connected", pbx=self._config.id, host=self._config.host, port=self._config.port)

    async def run(
        self,
        receive: Callable[[Message], None],
        *,
        connected: Callable[[], Awaitable[None]],
        lost: Callable[[], None],
    ) -> None:
        """Connect, log in, watch; when the connection ends, again, for ever.

        `receive` gets every wanted event in its order, from the first one on; what it raises costs that event.
        `connected` is awaited once per connection when Asterisk is ready and is cancelled when the connection ends;
        it calls `works` when it got what it needs. An account that is refused before that is tried again much later.
        `lost` is called at the end of each connection, also of one that was never logged in.
        """
        loop = asyncio.get_running_loop()
        attempt = 0
        while True:
            began, refused = loop.time(), False
            try:
                await self._one_connection(receive, connected, lost)
            except LoginRefusedError as error:
                self._say("login_refused", user=self._config.user, answer=str(error))
                refused = True
            except (OSError, UnicodeError, NotReachableError, RefusedError) as error:
                refused = isinstance(error, RefusedError) and not self._works
                reason = str(error) or type(error).__name__
                self._say("away", reason if refused else "", reason=reason)
            self._works = False
            if loop.time() - began >= self._settled_after:
                attempt = 0
            await asyncio.sleep(self._refused_pause if refused else self._pause(attempt))
            attempt += 1

    async def once(self, receive: Callable[[Message], None], *, connected: Callable[[], Awaitable[None]]) -> None:
        """Live through one connection without a word in the log; ends with an exception that says why.

        LoginRefusedError, NotReachableError, RefusedError or OSError, or what `connected` raises.
        """
        await self._one_connection(receive, connected, lambda: None)

    async def send(self, action: str, headers: Headers = NO_HEADERS) -> Message | list[Message]:
        """Ask Asterisk: its answer, or the items of the list that it answers with.

        Raises NotReachableError without an answer in time, RefusedError with Asterisk's words
        (some of them mean that a list is empty) or if the action must not be sent.
        """
        request = _request(action, headers)
        if self._connection is None:
            raise NotReachableError("Asterisk is not connected")
        return await self._ask(self._connection, request)

    async def items(self, action: str, headers: Headers = NO_HEADERS) -> list[Message]:
        """Like `send`, for an action that answers with a list; anything else is a RefusedError, not an empty one."""
        answer = await self.send(action, headers)
        if not isinstance(answer, list):
            raise RefusedError(f"{action} {NO_LIST}")
        return answer

    async def _one_connection(
        self, receive: Callable[[Message], None], connected: Callable[[], Awaitable[None]], lost: Callable[[], None]
    ) -> None:
        """Live through one TCP connection; ends with an exception that says why."""
        booted = asyncio.Event()
        connection = Connection(
            self._config,
            wanted=frozenset(name.encode() for name in self._wanted),
            receive=self._timed(receive) if asyncio.get_running_loop().get_debug() else receive,
            failed=self._failed,
            booted=booted.set,
        )
        try:
            await self._log_in(connection)
            self._connection = connection
            await race(self._ping(connection), self._serve(connection, booted, connected), _end_of(connection))
        finally:
            self._events = self.events
            self._connection = None
            connection.close()
            lost()

    async def _log_in(self, connection: Connection) -> None:
        """Open the connection and wait until Asterisk accepts the account."""
        within = self._config.answer_within
        try:
            async with asyncio.timeout(within):
                await connection.connect()
                await asyncio.sleep(0)  # panoramisk sends the login from a callback of the same turn
                answer = connection.authenticated_future
                if answer is None:
                    raise NotReachableError("connection closed by Asterisk")
                await asyncio.wait({answer, connection.lost}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError as error:
            raise NotReachableError(f"no login within {within:g} s") from error
        if not answer.done():
            raise NotReachableError(connection.lost.result())
        if not answer.result().success:
            raise LoginRefusedError(answer.result().message)

    async def _serve(
        self, connection: Connection, booted: asyncio.Event, connected: Callable[[], Awaitable[None]]
    ) -> None:
        """Wait until Asterisk is ready, tell it, and stay."""
        try:
            async with asyncio.timeout(BOOTED_WITHIN):
                await booted.wait()
        except TimeoutError as error:
            raise NotReachableError("Asterisk did not say FullyBooted; the account needs read=system") from error
        await connected()
        await _end_of(connection)

    async def _ping(self, connection: Connection) -> None:
        """Notice a peer that is gone without a word."""
        while True:
            await asyncio.sleep(self._config.ping_every)
            await self._ask(connection, _request("Ping", NO_HEADERS))

    async def _ask(self, connection: Connection, request: Action) -> Message | list[Message]:
        """One action, one answer, one limit."""
        name, within = request["Action"], self._config.answer_within
        at_once = name.lower() in ANSWERED_AT_ONCE
        protocol: Protocol = connection.protocol
        if request.id in protocol.responses:
            raise RefusedError("an action with this ActionID is under way")
        answer = connection.send_action(request, as_list=False if at_once else None)
        try:
            # The future itself is never awaited: cancelled by a limit it would swallow later messages.
            await asyncio.wait({answer, connection.lost}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if at_once:  # OriginateResponse has the same id and is an event
                protocol.responses.pop(request.id, None)
            else:
                protocol.forget(request.id)
        if answer.done():
            return _read(answer.result())
        if connection.lost.done():
            raise NotReachableError(f"connection lost before the answer to {name}")
        raise NotReachableError(f"no answer to {name} within {within:g} s")

    def _failed(self, message: Message, error: Exception) -> None:
        """Say that a receiver stumbled."""
        log.error("ami.event_failed", pbx=self._config.id, event_name=message["Event"], exc_info=error)

    def _timed(self, receive: Callable[[Message], None]) -> Callable[[Message], None]:
        """In debug mode: speak of a message that held everybody up."""
        now = asyncio.get_running_loop().time

        def timed(message: Message) -> None:
            began = now()
            try:
                receive(message)
            finally:
                if (took := now() - began) > SLOW:
                    log.warning("ami.event_slow", pbx=self._config.id, event_name=message["Event"], took=took)

        return timed

    def _say(self, state: str, trouble: str = "", **more: str) -> None:
        """One line per trouble, not one per attempt; each is said again only after all was well."""
        if (state, trouble) not in self._said:
            self._said.add((state, trouble))
            tell = log.warning
            tell(f"ami.{state}", pbx=self._config.id, host=self._config.host, port=self._config.port, **more)


async def _end_of(connection: Connection) -> None:
    """Wait for the end of the connection, and say it as our error."""
    await asyncio.wait({connection.lost})
    raise NotReachableError(connection.lost.result())


def _read(answer: Reply | list[Reply]) -> Message | list[Message]:
    """Panoramisk's result as messages; a list without its first and last message, which only count."""
    first, *others = answer if isinstance(answer, list) else [answer]
    if first.response not in GOOD_ANSWERS:
        raise RefusedError(first.message or first.response or "not an answer")
    return [item.headers for item in others[:-1]] if isinstance(answer, list) else first.headers


def _request(action: str, headers: Headers) -> Action:
    """Build the action; RefusedError if Asterisk would read something else in it, or could not read it."""
    lines: dict[str, str | list[str]] = {"Action": action}
    for name, value in headers.items():
        lines[name] = value if isinstance(value, str) else list(value)
    if len({name.lower() for name in lines}) != 1 + len(headers):
        raise RefusedError("a header stands twice, or Action among the headers")
    count = 0
    for name, value in lines.items():
        if not HEADER_NAME.fullmatch(name):
            raise RefusedError("not a header's name")
        for text in [value] if isinstance(value, str) else value:
            count += 1
            _check(name, text)
    if count >= MOST_HEADERS:  # the id comes in addition
        raise RefusedError(f"{action} has more than {MOST_HEADERS} headers")
    return Action(lines)


def _check(name: str, text: str) -> None:
    if NEVER_IN_A_VALUE.search(text):
        raise RefusedError(f"{name} has a line end or NUL in it")
    try:
        length = len(f"{name}: {text}".encode())
    except UnicodeEncodeError as error:
        raise RefusedError(f"{name} is not text") from error
    if length > MOST_LINE_BYTES:
        raise RefusedError(f"{name} is longer than {MOST_LINE_BYTES} bytes")
