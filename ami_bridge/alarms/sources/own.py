"""Our own form of a report, in JSON, in a form, or as a line of text. Pure."""

from collections.abc import Mapping

from ami_bridge.alarms.model import LONGEST_NAME, Report, What
from ami_bridge.alarms.sources import words

KNOWN = frozenset({"point", "text", "message", "state", "class", "priority", "time", "dedup", "event_id", "values"})


def is_own(said: Mapping[str, object]) -> bool:
    """Whether this says at least what it is about, or in which state."""
    return any(isinstance(said.get(key), str) for key in ("point", "text", "message")) or (
        "state" in said and words.state(said["state"]) is not None
    )


def report(
    said: Mapping[str, object],
    *,
    source: str,
    raw: str,
    point: str = "",
    what: What | None = None,
    dedup: str = "",
    event: str = "",
) -> Report | None:
    """Read one; None for an acknowledgement: a source says what is, and people acknowledge.

    What is odd in it costs its own place alone: it stands among the values, and the rest is believed. `point`, `what`,
    `dedup` and `event` are what is taken where it says none.
    """
    odd: dict[object, object] = {}
    given = said.get("state")
    state = words.state(given) if given is not None else what
    if state == "ack":
        return None
    if given is not None and state is None:
        odd["state"] = given
    priority = words.priority(said["priority"]) if said.get("priority") is not None else None
    if said.get("priority") is not None and priority is None:
        odd["priority"] = said["priority"]
    named = words.clean(said.get("point"), LONGEST_NAME) or point
    text = words.clean(said.get("text") or said.get("message"))
    key = words.clean(said.get("dedup"), LONGEST_NAME) or dedup
    values = said.get("values")
    named_event = words.clean(said.get("event_id"))
    return Report(
        source=source,
        point=named or words.MESSAGE,
        dedup=key or named or f"text/{words.short(text)}",
        what=state or "come",
        event=words.short("own", named_event, raw) if named_event else event,
        text=text,
        alarm_class=words.clean(said.get("class"), LONGEST_NAME) or None,
        priority=priority,
        event_time=words.when(said.get("time")),
        values=words.values(odd, values if isinstance(values, dict) else {}),
        raw=raw,
    )


def text(said: str, *, source: str, raw: str, point: str = "", what: What | None = None) -> Report | None:
    """Read a line of text: where it is known what it is about, `ON` and `0` say in which state that is."""
    line = words.clean(said)
    state = words.state(line.strip('"')) if point and what is None else None
    return report({"text": "" if state else line, "state": state}, source=source, raw=raw, point=point, what=what)
