"""What a source wrote becomes reports, whatever it is: what nobody understands is a report that says so. Pure."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from ami_bridge.alarms.model import Report, What
from ami_bridge.alarms.sources import cloudevents, monitoring, own, words

LARGEST = 1_048_576
"""Bytes of one message; of what is larger the beginning is kept, and it counts as not understood."""
MOST = 500
"""Reports in one message."""
_FORM = "application/x-www-form-urlencoded"
_NO_TEXT = re.compile("[\0-\x08\x0e-\x1f\x7f]")
NO_HEADERS: Mapping[str, str] = {}

Found = list[Report | None]


def reports(
    body: bytes,
    *,
    source: str,
    content_type: str = "",
    headers: Mapping[str, str] = NO_HEADERS,
    point: str = "",
    what: What | None = None,
    whole: bool = True,
) -> list[Report]:
    """Read a message of a source, never raising. `point` and `what` are known from elsewhere, such as an MQTT topic.

    The list is empty only for acknowledgements, which are people's business.
    """
    if not whole or len(body) > LARGEST:
        return [words.unreadable(body, source, "zu groß")]
    try:
        text = _text(body)
    except ValueError:
        return [words.unreadable(body, source, "kein Text")]
    message = _Message(source=source, body=body, raw=words.raw(text), headers=headers, point=point, what=what)
    if not text.strip():
        found = [message.own({}) if point and what else message.unreadable("leer")]
    elif "json" in content_type or text.lstrip()[0] in "{[":
        try:
            said = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            return [message.unreadable("kein JSON")]
        found = _several(said, message) if isinstance(said, list) else _one(said, message)
    elif (form := _form(text, content_type)) is not None:
        found = [message.own(form)]
    elif (event := cloudevents.from_headers(headers, text)) is not None:
        found = [message.event(event)]
    else:
        found = [message.line(text)]
    return [report for report in found if report is not None]


class _Message(Struct, frozen=True, kw_only=True):
    """What came, and what is known of it besides."""

    source: str
    body: bytes
    raw: str
    headers: Mapping[str, str]
    point: str
    what: What | None

    def own(self, said: Mapping[str, object]) -> Report | None:
        return own.report(said, source=self.source, raw=self.raw, point=self.point, what=self.what)

    def line(self, said: str) -> Report | None:
        return own.text(said, source=self.source, raw=self.raw, point=self.point, what=self.what)

    def event(self, said: Mapping[str, object]) -> Report | None:
        return cloudevents.report(said, source=self.source, raw=self.raw, point=self.point, what=self.what)

    def unreadable(self, why: str) -> Report:
        return words.unreadable(self.body, self.source, why)

    def part(self, said: object) -> "_Message":
        """Return one of several, as a message of its own."""
        body = msgspec.json.encode(said)
        return msgspec.structs.replace(self, body=body, raw=words.raw(body), headers=NO_HEADERS)


def _several(said: list[object], message: _Message) -> Found:
    if not said:
        return [message.unreadable("leer")]
    return [report for one in said[:MOST] for report in _one(one, message.part(one))] + _left_out(said, message)


def _one(said: object, message: _Message) -> Found:
    if not isinstance(said, dict):
        plain = isinstance(said, str | int | float) and message.point
        return [message.line(str(said)) if plain else message.unreadable("unbekannte Form")]
    if monitoring.is_ours(said):
        alerts = said["alerts"]
        found: Found = []
        found += monitoring.reports({**said, "alerts": alerts[:MOST]}, source=message.source, raw=message.raw)
        return found + _left_out(alerts, message) or [message.unreadable("leer")]
    if (event := said if cloudevents.is_event(said) else cloudevents.from_headers(message.headers, said)) is not None:
        return [message.event(event)]
    return [message.own(said) if own.is_own(said) or message.point else message.unreadable("unbekannte Form")]


def _left_out(said: list[object], message: _Message) -> Found:
    more = len(said) - MOST
    return [message.unreadable(f"{more} Meldungen zu viel auf einmal")] if more > 0 else []


def _form(text: str, content_type: str) -> dict[str, object] | None:
    """Return a form with fields of ours; `curl -d` says of any text that it is a form."""
    if content_type != _FORM:
        return None
    try:
        fields = parse_qsl(text.strip(), keep_blank_values=True, strict_parsing=True, max_num_fields=20)
    except ValueError:
        return None
    found: dict[str, object] = dict(fields)
    return found if found.keys() <= own.KNOWN and own.is_own(found) else None


def _text(body: bytes) -> str:
    """Return the text; control systems of old write in the letters of Windows."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("cp1252")
    if _NO_TEXT.search(text):
        raise ValueError("control characters")
    return text
