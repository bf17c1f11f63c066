"""Bytes from Asterisk's manager interface into whole messages; the answers among them go to those who asked."""

from collections.abc import Callable

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message as StockMessage

Message = dict[str, str | list[str]]
"""Headers in Asterisk's spelling; a repeated header is a list."""

END = b"\r\n\r\n"
BANNER = b"Asterisk Call Manager/"
MOST_WITHOUT_END = 1 << 20
"""Bytes without the end of a message after which the peer cannot be Asterisk."""
MOST_FORGOTTEN = 64
MOST_REMEMBERED_LINES = 8192
LONGEST_REMEMBERED_LINE = 256


class _Lines(dict[bytes, tuple[str, str]]):
    """Header lines met lately and what they mean: one call says the same twenty lines in a dozen events.

    Bounded, because what stands in the lines comes from strangers.
    """

    def __missing__(self, line: bytes) -> tuple[str, str]:
        name, colon, value = line.decode("utf-8", "replace").partition(": ")
        if not colon:
            raise ValueError("not a header")
        header = (name, value.strip())
        if len(line) <= LONGEST_REMEMBERED_LINE:
            if len(self) >= MOST_REMEMBERED_LINES:
                self.clear()
            self[line] = header
        return header


_header = _Lines().__getitem__


def parse(raw: bytes) -> Message:
    """One message without its blank line; what is not a header is left out, no bytes raise."""
    lines = raw.split(b"\r\n")
    try:
        message: Message = dict(map(_header, lines))
    except ValueError:
        return _parse_with_care(lines)
    return message if len(message) == len(lines) else _parse_with_care(lines)


def _parse_with_care(lines: list[bytes]) -> Message:
    """Like `parse`, also for repeated headers and lines that are none."""
    message: Message = {}
    for line in lines:
        try:
            name, value = _header(line)
        except ValueError:
            continue
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
        self, *, wanted: frozenset[bytes], receive: Callable[[Message], None], lost: Callable[[str], None]
    ) -> None:
        self._wanted = wanted
        self._receive = receive
        self._lost = lost
        self._rest = bytearray()
        self._forgotten: dict[str, None] = {}
        # Most events are of no interest and are told by their first bytes; a doubled blank line leaves a CRLF in front.
        length = len(b"Event: ") + min(4, *(len(name) for name in wanted)) if wanted else len(b"Event: ")
        self._start = length
        self._starts = frozenset(
            (lead + text)[:length]
            for lead in (b"", b"\r\n")
            for text in (BANNER, *(b"Event: " + name for name in wanted))
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
        *blocks, tail = data.split(END)
        if tail:
            rest += tail
            self._check_end()
        start, starts, take = self._start, self._starts, self._take
        if self.responses:
            for raw in blocks:
                take(raw)
            return
        for raw in blocks:  # nobody waits for an answer
            if raw[:start] in starts:
                take(raw)

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
        if not raw.startswith(b"Event: "):
            self._answer(raw)
            return
        if self.responses or self._forgotten:
            action_id = _action_id(raw)
            if action_id in self.responses:
                self._answer(raw)
                return
            if action_id in self._forgotten:
                return
        if raw[len(b"Event: ") :].partition(b"\r\n")[0] in self._wanted:
            self._receive(parse(raw))

    def _answer(self, raw: bytes) -> None:
        reply = Reply(parse(raw))
        if reply.id in self.responses:  # else panoramisk would take it for an event and may close
            self.handle_message(reply)


def _action_id(raw: bytes) -> str:
    """Read whose answer this event is; only the value tells, other events carry ids too."""
    return raw.partition(b"\r\nActionID: ")[2].partition(b"\r\n")[0].decode("utf-8", "replace")
