"""Bytes from Asterisk's manager interface into whole messages; the answers among them go to those who asked."""

from collections.abc import Callable

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message as StockMessage

Message = dict[str, str | list[str]]
"""Headers in Asterisk's spelling; a repeated header is a list."""

END = b"\r\n\r\n"
BANNER = b"Asterisk Call Manager/"
EVENT = b"Event: "
BOOTED = b"Event: FullyBooted"
MOST_WITHOUT_END = 1 << 20
"""Bytes without the end of a message after which the peer cannot be Asterisk."""
MOST_FORGOTTEN = 64
MOST_REMEMBERED = 8192
LONGEST_REMEMBERED = 256
CR = 13
TAILS = (
    (b"\r\nUniqueid: ", b"\r\nChanVariable: "),
    (b"\r\nDestUniqueid: ", b"\r\nDestChanVariable: "),
)
"""Where the end of a channel block begins, and what its last line begins with.

The latter is repeated for each of `channelvars` in manager.conf, so in nearly every event.
"""


class _Lines(dict[bytes, tuple[str, str]]):
    """Header lines met lately, with their CR, and what they mean: one call says the same lines in a dozen events.

    Bounded, because what stands in the lines comes from strangers.
    """

    def __missing__(self, line: bytes) -> tuple[str, str]:
        name, colon, value = line.decode("utf-8", "replace").partition(": ")
        if not colon or line[-1] != CR:
            raise ValueError("not a header")
        header = (name, value.strip())
        if len(line) <= LONGEST_REMEMBERED:
            if len(self) >= MOST_REMEMBERED:
                self.clear()
            self[line] = header
        return header


_Tail = tuple[dict[str, str], tuple[tuple[str, list[str]], ...]]


class _Tails(dict[bytes, _Tail]):
    """The same for ends of channel blocks, which stay all the life of a channel: single and repeated headers."""

    def __missing__(self, end: bytes) -> _Tail:
        headers: dict[str, list[str]] = {}
        for line in end.split(b"\n"):
            name, value = _header(line)
            headers.setdefault(name, []).append(value)
        tail = (
            {name: values[0] for name, values in headers.items() if len(values) == 1},
            tuple((name, values) for name, values in headers.items() if len(values) > 1),
        )
        if len(end) <= LONGEST_REMEMBERED:
            if len(self) >= MOST_REMEMBERED:
                self.clear()
            self[end] = tail
        return tail


_header = _Lines().__getitem__
_tail = _Tails().__getitem__


def parse(raw: bytes) -> Message:
    """One message without its blank line; what is not a header is left out, no bytes raise."""
    text = raw + b"\r"
    tails = []
    at = 0
    try:
        for start, last in TAILS:
            last_at = text.rfind(last, at)
            first_at = text.rfind(start, at, last_at) if last_at > 0 else -1
            if first_at > 0:
                end = text.find(b"\r", last_at + 2) + 1
                tails.append(_tail(text[first_at + 2 : end]))
                text = text[: first_at + 1] + text[end:]
                at = first_at
        lines = text.split(b"\n")
        message: Message = dict(map(_header, lines))
    except ValueError:
        return _parse_with_care(raw)
    count = len(lines)
    for single, repeated in tails:
        message.update(single)
        count += len(single) + len(repeated)
        for name, values in repeated:
            message[name] = values[:]
    return message if len(message) == count else _parse_with_care(raw)


def _parse_with_care(raw: bytes) -> Message:
    """Like `parse`, also for repeated headers anywhere, lines that are none, and a bare LF in a value."""
    message: Message = {}
    for line in raw.split(b"\r\n"):
        name, colon, value = line.decode("utf-8", "replace").partition(": ")
        if not colon:
            continue
        value = value.strip()
        match message.get(name):
            case None:
                message[name] = value
            case str(first):
                message[name] = [first, value]
            case several:
                several.append(value)
    return message


class Reply(StockMessage):  # type: ignore[misc]  # panoramisk is not typed
    """An answer as panoramisk's bookkeeping of actions wants it, made from our parser's dict."""

    def __init__(self, headers: Message) -> None:
        self.headers = headers
        self.manager = None
        # panoramisk calls text methods on these values; a repeated header would be a list.
        self._store = {
            name.lower(): (name, value if isinstance(value, str) else value[0]) for name, value in headers.items()
        }


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
            searched = max(0, len(rest) - len(END) + 1)
            rest += data
            if rest.find(END, searched) < 0:
                self._check_end()
                return
            data = bytes(rest)
            rest.clear()
        blocks = data.split(END)
        if tail := blocks.pop():
            rest += tail
            self._check_end()
        if self.responses or self._forgotten:
            for raw in blocks:
                self._take(raw)
            return
        start, starts, plain, receive = self._start, self._starts, self._plain, self._receive
        for raw in blocks:  # nobody waits for an answer, which is so nearly always
            if raw[:start] in starts:
                if raw[: raw.find(b"\r")] in plain:
                    try:  # as in `_hand_on`; written out, because this runs for every event
                        receive(parse(raw))
                    except Exception as error:  # noqa: BLE001 - raised into asyncio, it would cost us the link
                        self._failed(parse(raw), error)
                else:
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
            self._hand_on(raw)

    def _hand_on(self, raw: bytes) -> None:
        """Give an event to who wants it; what that raises costs this event, not the connection."""
        message = parse(raw)
        try:
            self._receive(message)
        except Exception as error:  # noqa: BLE001 - raised into asyncio, it would cost us the link
            self._failed(message, error)

    def _answer(self, raw: bytes) -> None:
        reply = Reply(parse(raw))
        if reply.id in self.responses:  # else panoramisk would take it for an event and may close
            self.handle_message(reply)


def _action_id(raw: bytes) -> str:
    """Read whose answer this event is; only the value tells, other events carry ids too."""
    return raw.partition(b"\r\nActionID: ")[2].partition(b"\r\n")[0].decode("utf-8", "replace")
