"""A mail of a source becomes a report: its text, or our own form in it; who sent it, and is that proven? Pure."""

import re
from collections.abc import Iterable
from email.errors import MessageError
from email.headerregistry import BaseHeader
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from email.policy import EmailPolicy
from email.utils import parseaddr
from html.parser import HTMLParser

from ami_bridge.alarms.model import Report, What
from ami_bridge.alarms.sources import own, words
from ami_bridge.alarms.sources.webhook import reports

_STATE = re.compile(r"^\s*[\[*(]*\s*([A-Za-zÄÖÜäöü]{2,20})(?::\d+)?\s*[\])*]*\s*[:\s-]")
_PREFIX = re.compile(r"^\s*(?:(?:re|fwd?|aw|wg)\s*:\s*)+", re.IGNORECASE)
_PROVEN = re.compile(r"\s*(?:spf|dkim|dmarc)(?:\s*/\s*\d+)?\s*=\s*pass(?=\s|$)", re.IGNORECASE)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_TAG = re.compile(r"<[^<>]*>")
LONGEST_HEADER = 4_000
"""Characters; of a longer one reading takes seconds, in which nobody else's alarm is kept."""
STUMBLES = (ValueError, AttributeError, LookupError, TypeError, RecursionError, AssertionError, MessageError)
"""What the standard library does not forgive in a mail."""
_COMMENT = re.compile(r"\([^()]*\)")
_ENDS = {"resolved", "recovery", "recovered", "ok", "gegangen", "geht", "cleared", "up"}
_BEGINS = {"problem", "firing", "alerting", "down", "kommt", "gekommen", "triggered"}
"""With one of these the rest of the subject pairs a beginning with its end; else each other text is another alarm."""


class _Forgiving(EmailPolicy):
    """Takes a header that nobody can read for a text."""

    def header_fetch_parse(self, name: str, value: str) -> str | BaseHeader:
        """Return it as it is asked for."""
        short = value[:LONGEST_HEADER]
        try:
            read: str | BaseHeader = super().header_fetch_parse(name, short)
        except STUMBLES:
            return " ".join(short.split())
        return read


_POLICY = _Forgiving()


def parse(content: bytes) -> EmailMessage:
    """Read a mail; whatever is odd about it is found later, or never. Of one nested too deeply its head alone."""
    try:
        message = BytesParser(policy=_POLICY).parsebytes(content)
    except STUMBLES:
        message = BytesHeaderParser(policy=_POLICY).parsebytes(content)
    assert isinstance(message, EmailMessage)  # noqa: S101 - the policy says so
    return message


def senders(message: EmailMessage, envelope: str) -> set[str]:
    """Return who claims to have sent it."""
    given = _header(message, "From")
    try:
        address = parseaddr(given)[1]
    except STUMBLES:
        address = given  # of nobody who is known
    return {envelope.casefold(), address.casefold()} - {""}


def is_proven(message: EmailMessage, checked_by: str) -> bool:
    """Whether the house's mail server says that SPF, DKIM or DMARC passed: only its own topmost word counts."""
    for header in _headers(message, "Authentication-Results"):
        # What stands in quotes and after the first word of a result may be the sender's own words.
        name, *results = _COMMENT.sub("", _QUOTED.sub('""', header)).split(";")
        if name.split() and name.split()[0].casefold() == checked_by.casefold():
            return any(_PROVEN.match(one) for one in results)
    return False


def report_of(message: EmailMessage, content: bytes, *, source: str) -> list[Report]:
    """Return what it reports. The subject's first word may say in which state that is, as monitoring programs do."""
    subject = words.clean(_PREFIX.sub("", _header(message, "Subject")))
    body = _text(message)
    if body.lstrip()[:1] in {"{", "["}:
        found = reports(body.encode("utf-8", "replace"), source=source, content_type="application/json")
        if not any(one.unreadable for one in found):
            return found
    what: What | None = None
    about = subject
    if (match := _STATE.match(subject)) is not None:
        word = match[1].casefold()
        what = "go" if word in _ENDS else "come" if word in _BEGINS else None
        about = words.clean(subject[match.end() :]) if what is not None else subject
    if not about and not body.strip():
        return [words.unreadable(content, source, "leere Mail")]
    lines = [one for one in (words.clean(line) for line in body.splitlines()) if one and not one.startswith(">")]
    said = ". ".join([one for one in [about, *lines[:3]] if one])
    message_id = _header(message, "Message-ID").strip()
    found_one = own.report(
        {"text": said},
        source=source,
        raw=words.raw(content),
        what=what,
        dedup=f"mail/{words.short((about if what is not None and about else said).casefold())}",
        event=words.short("mail", message_id, subject, said) if message_id else "",
    )
    return [found_one] if found_one is not None else []


def _text(message: EmailMessage) -> str:
    try:
        part = message.get_body(("plain", "html"))
        if part is None:
            return ""
        content = part.get_content()
    except STUMBLES:
        return ""  # of a charset or form that nobody knows; the subject is there all the same
    text = content if isinstance(content, str) else ""
    return _without_tags(text) if part.get_content_subtype() == "html" else text


def _without_tags(text: str) -> str:
    reader = _Words()
    try:
        reader.feed(text)
    except AssertionError:  # of marks that it does not know, such as <![x]>
        return _TAG.sub(" ", text)
    return "".join(reader.found)


class _Words(HTMLParser):
    """What is to be read of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._hidden += tag in {"style", "script", "head"}
        self.found.append("\n" if tag in {"p", "br", "div", "tr", "li", "h1", "h2", "h3"} else " ")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in {"style", "script", "head"}))

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.found.append(data)


def _header(message: EmailMessage, name: str) -> str:
    return next(iter(_headers(message, name)), "")


def _headers(message: EmailMessage, name: str) -> list[str]:
    try:
        return [str(one) for one in message.get_all(name, [])]
    except STUMBLES:
        return []
