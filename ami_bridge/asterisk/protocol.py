"""Bytes from Asterisk's manager interface into whole messages; the answers among them go to those who asked."""

from collections.abc import Callable

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message as StockMessage

from ami_bridge.asterisk.message import Message

END = b"\r\n\r\n"
BANNER = b"Asterisk Call Manager/"
EVENT = b"Event: "
BOOTED = b"Event: FullyBooted"
USER_EVENT = b"Event: UserEvent"
ACTION_ID = b"\r\nActionID: "
MOST_WITHOUT_END = 1 << 20
"""Bytes without the end of a message after which the peer cannot be Asterisk."""
MOST_FORGOTTEN = 64
LOOKED_AT = ("Event", "Response", "Message", "EventList", "ActionID")


class Reply(StockMessage):  # type: ignore[misc]  # panoramisk is not typed
    """An answer as panoramisk's bookkeeping of actions wants it: of our message, the few headers that it looks at."""

    def __init__(self, headers: Message) -> None:
        self.headers = headers
        self.manager = None
        found = ((name, headers.get(name)) for name in LOOKED_AT)
        self._store = {name.lower(): (name, value) for name, value in found if value is not None}

    def get(self, key: str, default: str | None = None) -> str | None:
        """Return a header's value; panoramisk's own way raises and catches an error for each that is not there."""
        header = self._store.get(key.lower())
        return default if header is None else header[1]


class Protocol(AMIProtocol):  # type: ignore[misc]  # panoramisk is not typed
    """One connection: wanted events to `receive` in their order, answers to panoramisk's futures, the rest nowhere."""

    def __init__(
        self,
        *,
        wanted: frozenset[bytes],
        receive: Callable[[Message], None],
        failed: Callable[[Message, Exception], None],
        booted: Callable[[], None],
        lost: Callable[[str], None],
    ) -> None:
        self._first_lines = frozenset(EVENT + name for name in wanted)
        self._plain = self._first_lines - {BOOTED}
        self._receive = receive
        self._failed = failed
        self._booted = booted
        self._lost = lost
        self.events = 0
        """Wanted events of Asterisk itself: without what the dialplan says, and FullyBooted."""
        self._rest = bytearray()
        self._forgotten: dict[str, None] = {}
        # Most events are of no interest and are told by their first bytes; a doubled blank line leaves a CRLF in front.
        self._start = len(EVENT) + min((len(name) for name in wanted), default=0)
        self._starts = frozenset(
            (lead + line)[: self._start] for lead in (b"", b"\r\n") for line in (BANNER, BOOTED, *self._first_lines)
        )

    def data_received(self, data: bytes) -> None:
        """Cut what came into messages; a message that is not whole yet waits for the next call."""
        rest = self._rest
        if rest:
            if END not in data and END not in rest[-len(END) :] + data[: len(END)]:
                rest += data
                self._check_end()
                return
            data = b"".join((rest, data))
            rest.clear()
        blocks = data.split(END)
        if tail := blocks.pop():
            rest += tail
            self._check_end()
        waiting = bool(self.responses or self._forgotten)
        start, starts, plain, receive = self._start, self._starts, self._plain, self._receive
        for raw in blocks:
            if raw[:start] in starts:
                first = raw[: raw.find(b"\r")]
                if first in plain and not (waiting and ACTION_ID in raw):
                    message = Message(raw)
                    self.events += first != USER_EVENT
                    try:  # as in `_hand_on`; written out, because this runs for every event
                        receive(message)
                    except Exception as error:  # noqa: BLE001 - raised into asyncio, it would cost us the link
                        self._failed(message, error)
                else:
                    self._take(raw)
            elif waiting and ACTION_ID in raw:
                self._take(raw)

    def forget(self, action_id: str) -> None:
        """Nobody waits for this answer any longer: drop what still comes of it, items of lists look like events."""
        if self.responses.pop(action_id, None) is None:
            return
        while len(self._forgotten) >= MOST_FORGOTTEN:
            del self._forgotten[next(iter(self._forgotten))]
        self._forgotten[action_id] = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the owner; panoramisk's own version would connect again by itself."""
        self._lost(f"connection lost: {exc}" if exc else "connection closed by Asterisk")

    def _check_end(self) -> None:
        if len(self._rest) > MOST_WITHOUT_END:
            self._rest.clear()
            self._lost("a message without end")
            self.transport.abort()

    def _take(self, raw: bytes) -> None:
        """Give one message to whom it belongs."""
        if raw.startswith(b"\r\n"):
            raw = raw[2:]
        if raw.startswith(BANNER):
            banner, _, raw = raw.partition(b"\r\n")
            self.version = banner[len(BANNER) :].decode("ascii", "replace")
        if not raw.startswith(EVENT):
            self._answer(raw)
            return
        if self.responses or self._forgotten:
            action_id = _action_id(raw)
            if action_id in self.responses:
                self._answer(raw)
                return
            if action_id in self._forgotten:
                return
        first = raw.partition(b"\r\n")[0]
        if first == BOOTED:
            self._booted()
        if first in self._first_lines:
            self.events += first not in {BOOTED, USER_EVENT}
            self._hand_on(raw)

    def _hand_on(self, raw: bytes) -> None:
        """Give an event to who wants it; what that raises costs this event, not the connection."""
        message = Message(raw)
        try:
            self._receive(message)
        except Exception as error:  # noqa: BLE001 - raised into asyncio, it would cost us the link
            self._failed(message, error)

    def _answer(self, raw: bytes) -> None:
        reply = Reply(Message(raw))
        if reply.id in self.responses:  # else panoramisk would take it for an event and may close
            self.handle_message(reply)


def _action_id(raw: bytes) -> str:
    """Read whose answer this event is; only the value tells, other events carry ids too."""
    return raw.partition(ACTION_ID)[2].partition(b"\r\n")[0].decode("utf-8", "replace")
