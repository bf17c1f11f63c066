"""CloudEvents 1.0: in one body, several of them, or with the event in headers. `source` and `id` are its key. Pure."""

from base64 import b64decode
from collections.abc import Mapping
from urllib.parse import unquote

from ami_bridge.alarms.model import LONGEST_NAME, Report, What
from ami_bridge.alarms.sources import own, words

PREFIX = "ce-"


def is_event(said: Mapping[str, object]) -> bool:
    """Whether it has the form of an event."""
    return all(isinstance(said.get(key), str) for key in ("specversion", "id", "source", "type"))


def from_headers(headers: Mapping[str, str], data: object) -> dict[str, object] | None:
    """Return the event whose attributes stand in headers, with the body as its data; None if it is none."""
    found: dict[str, object] = {
        name.lower().removeprefix(PREFIX): unquote(value)
        for name, value in headers.items()
        if name.lower().startswith(PREFIX)
    }
    return {**found, "data": data} if is_event(found) else None


def report(
    event: Mapping[str, object], *, source: str, raw: str, point: str = "", what: What | None = None
) -> Report | None:
    """Read one event.

    Its data may be our own form; if that names what it is about, this is the key, for an end has another id than its
    beginning; else the event's own key.
    """
    data = event.get("data")
    if data is None and isinstance(packed := event.get("data_base64"), str):
        try:
            data = b64decode(packed, validate=True).decode("utf-8")
        except ValueError:
            data = None
    about = words.clean(event.get("subject"), LONGEST_NAME) or words.clean(event.get("type"), LONGEST_NAME)
    said: Mapping[str, object] = data if isinstance(data, dict) else {}
    if not own.is_own(said):
        told = words.clean(data) if isinstance(data, str) else ""
        said = {"text": told or about, "values": said}
    origin, id_ = str(event["source"]), str(event["id"])
    return own.report(
        {"time": event.get("time"), **said},
        source=source,
        raw=raw,
        point=point or about,
        what=what,
        dedup="" if said.get("point") or point else f"event/{words.short(origin, id_)}",
        event=words.short("event", origin, id_, raw),
    )
