"""The small words of sources: is it coming or going, how bad is it, when was it; and what is kept of a text. Pure."""

import hashlib
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

from msgspec import structs

from ami_bridge.alarms.model import MOST_RAW, MOST_TEXT, Priority, Report, What

MESSAGE = "message"
"""The point of what names none."""
HEARTBEAT = "heartbeat"
"""The point of signs of life; their absence is an alarm of this key."""
MOST_VALUES = 20
LONGEST_VALUE = 200
LONGEST_NAME = 60

State = What | Literal["ack"]

_STATES: Mapping[State, str] = {
    "come": "come came alarm on 1 true firing alerting problem active raised triggered open fault down "
    "kommt gekommen ein störung gestört",
    "go": "go gone ok off 0 false resolved recovery recovered normal inactive clear cleared closed up "
    "geht gegangen aus",
    "reset": "reset rücksetzen zurückgesetzt",
    "alive": "alive heartbeat ping lebt lebenszeichen",
    "ack": "ack acknowledged acknowledgement quittiert",
}
_STATE = {word: state for state, words in _STATES.items() for word in words.split()}
_SEVERITY: Mapping[str, Priority] = {
    "emergency": 1, "critical": 1, "fatal": 1, "page": 1, "disaster": 1,
    "error": 2, "major": 2, "high": 2,
    "warning": 3, "minor": 3, "average": 3,
    "info": 4, "information": 4, "informational": 4, "notice": 4,
}  # fmt: skip


def state(said: object) -> State | None:
    """Return what a word, a number or a truth value of a source means; None where it is none of ours."""
    return _STATE.get(str(said).strip().casefold())


def priority(said: object) -> Priority | None:
    """Return the priority of a number from 1 to 4 or of a usual word for how bad it is."""
    match str(said).strip().casefold():
        case "1":
            return 1
        case "2":
            return 2
        case "3":
            return 3
        case "4":
            return 4
        case word:
            return _SEVERITY.get(word)


def when(said: object) -> datetime | None:
    """Return a time that names its zone, or that counts seconds since 1970; None for all else."""
    try:
        match said:
            case bool():
                return None
            case int() | float():
                return datetime.fromtimestamp(said, UTC)
            case str():
                at = datetime.fromisoformat(said.strip())
                return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError, OSError):
        return None
    return None


def clean(said: object, longest: int = MOST_TEXT) -> str:
    """Return what people can read of a text, in one line: databases and telephones know no control characters."""
    text = said if isinstance(said, str) else "" if said is None else str(said)
    return " ".join(
        "".join(" " if unicodedata.category(one)[0] == "C" else one for one in text[: 4 * longest]).split()
    )[:longest]


def values(*said: Mapping[object, object]) -> dict[str, str]:
    """Return the first of these values, as texts."""
    found: dict[str, str] = {}
    for some in said:
        for name, value in some.items():
            if len(found) == MOST_VALUES:
                return found
            if isinstance(value, str | int | float | bool) and (key := clean(name, LONGEST_NAME)):
                found.setdefault(key, clean(value, LONGEST_VALUE))
    return found


def raw(body: bytes | str) -> str:
    """Return what is kept of a message as it came."""
    text = body[: 4 * MOST_RAW].decode("utf-8", "replace") if isinstance(body, bytes) else body
    return text.replace("\0", "�").encode("utf-8", "replace").decode("utf-8")[:MOST_RAW]


def short(*said: str) -> str:
    """Return a short name for something long: the same for the same."""
    return hashlib.sha256("\0".join(said).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def event_of(report: Report, *said: str) -> Report:
    """Return a report with what tells its event from others, unless it says that itself.

    What was written is part of it: a device that begins to count anew after a power cut reports something else.
    """
    return structs.replace(report, event=report.event or short("key", *said))


def unreadable(body: bytes, source: str, why: str) -> Report:
    """Return the report that something came that nobody understood, and why; each other text is another alarm."""
    kept = raw(body)
    return Report(
        source=source,
        point="unreadable",
        dedup=f"unreadable/{short(kept, str(len(body)))}",
        text=why,
        raw=kept,
        unreadable=True,
    )
