"""What a person of the town hall has besides live calls: finished calls, contacts, telephones, programs."""

from datetime import timedelta
from typing import Any

import msgspec

from ami_bridge.wire import Peer
from tests.page.answers import Json
from tests.page.town import BEN, CARLA, ERIKA, UNKNOWN, ago


def entry(id_: str, minutes: float, **different: object) -> Json:
    """One finished call; what is not said is a call of Erika's that nobody took."""
    started = ago(60 * minutes)
    said: dict[str, Any] = {
        "id": id_,
        "call": id_,
        "pbx": "rathaus",
        "rev": 1,
        "extension": "101",
        "direction": "in",
        "role": "callee",
        "result": "missed",
        "peer": ERIKA,
        "line": {"exten": "000", "label": "Bürgerbüro"},
        "started_at": started,
        "answered_at": None,
        "ended_at": started + timedelta(seconds=25),
        "note": None,
        "private": False,
        "done_by": None,
        "done_at": None,
    }
    said |= different
    if said["result"] == "answered":
        said |= {"answered_at": started + timedelta(seconds=9), "ended_at": started + timedelta(seconds=194)}
    plain: Json = msgspec.to_builtins(said)
    return plain


def a_day() -> list[Json]:
    """A morning's journal, newest first, with everything that an entry can carry."""
    return [
        entry("j1", 4),
        entry("j2", 12, peer=UNKNOWN),
        entry("j3", 31, peer=BEN, direction="internal", role="caller", result="answered", line=None),
        entry("j4", 47, done_by="Ben Biber", done_at=ago(900)),
        entry(
            "j5",
            60,
            peer=CARLA,
            direction="internal",
            result="answered",
            line=None,
            note="Will den Bauantrag\nbis Freitag.",
        ),
        entry("j6", 66, peer=Peer(), result="busy"),
        entry("j7", 90, direction="out", role="caller", result="missed", line=None),
        entry("j8", 60 * 26, peer=UNKNOWN, direction="out", role="caller", result="answered", line=None, private=True),
        entry("j9", 60 * 24 * 5, result="answered"),
    ]


def hit(
    name: str, *numbers: tuple[str, str, str], org: str | None = None, source: str = "Stadt", ref: str | None = "1"
) -> Json:
    shown = [{"number": number, "display": display, "kind": kind} for number, display, kind in numbers]
    return {"name": name, "org": org, "numbers": shown, "source": source, "ref": ref}


BAKERY = "+494066969123"
CONTACTS: list[Json] = [
    hit("Anna Amsel", ("101", "101", "work"), org="Bürgerbüro", source="", ref=None),
    hit("Ben Biber", ("102", "102", "work"), org="Bürgerbüro", source="", ref=None),
    hit("Carla Çelik", ("103", "103", "work"), org="Bauamt", source="", ref=None),
    hit("Bäckerei Korn", (BAKERY, "040 66969123", "work"), org="Bäckerei Korn", ref="11"),
    hit(
        "Erika Mustermann",
        ("+493023125001", "030 23125001", "work"),
        ("+4917139200001", "0171 39200001", "mobile"),
        org="Stadtwerke Musterhausen",
        ref="21",
    ),
    hit("Kornblum", (BAKERY, "040 66969123", "home"), source="Privat", ref="12"),
    hit("Ohne Nummer", org="Registratur", ref="31"),
]
WHOSE_BAKERY: Json = {
    "number": BAKERY,
    "display": "040 66969123",
    "bubble": {"name": "Kornblum / Bäckerei Korn", "org": None, "source": "Privat", "kind": None, "ref": None},
    "telephone": None,
    "reason": "exact",
    "matches": 2,
    "asked": [
        {
            "place": "owner:anna",
            "found": [{"name": "Kornblum", "org": None, "source": "Privat", "kind": "home", "ref": "12"}],
        },
        {
            "place": "shared",
            "found": [{"name": "Bäckerei Korn", "org": None, "source": "Stadt", "kind": "work", "ref": "11"}],
        },
    ],
    "link": None,
    "groupware": None,
}


def device(id_: str, extension: str, label: str, **different: object) -> Json:
    return {
        "id": id_,
        "pbx": "rathaus",
        "extension": extension,
        "label": label,
        "model": None,
        "registered": True,
        "capabilities": [],
        "chosen": False,
    } | different


DEVICES: list[Json] = [
    device(
        "PJSIP/101",
        "101",
        "Tischtelefon",
        model="Snom D785",
        capabilities=["answer", "hold", "auto-answer"],
        chosen=True,
    ),
    device("PJSIP/101-home", "101", "Softphone zu Hause", model="Linphone", registered=False),
]
SEATS: list[Json] = [
    {"id": "counter1", "label": "Schalter 1", "extension": "150", "taken": False, "mine": False, "until": None},
    {"id": "counter2", "label": "Schalter 2", "extension": "151", "taken": True, "mine": False, "until": None},
]
TOKENS: list[Json] = [
    {
        "id": "t1",
        "name": "Sprechblase",
        "host": "ts1.rathaus",
        "scopes": ["events", "dial"],
        "created": "2026-11-01T08:00:00Z",
    }
    | {"last_used": "2026-11-21T12:00:00Z", "expires": "2027-11-21T12:00:00Z"},
    {"id": "t2", "name": "Skript", "host": None, "scopes": ["events"], "created": "2026-11-01T08:00:00Z"}
    | {"last_used": None, "expires": "2027-11-01T08:00:00Z"},
]
STORED: list[Json] = [
    {"what": "calls.external.answered", "count": 1204, "kept_days": 30, "for_whom": "self"},
    {"what": "tokens", "count": 2, "kept_days": None, "for_whom": "self"},
]


def fill(answers: Any) -> None:  # noqa: ANN401 - the scripted daemon's own state
    """Give Anna everything."""
    answers.entries = a_day()
    answers.contacts = [dict(one) for one in CONTACTS]
    answers.lookups = {BAKERY: WHOSE_BAKERY}
    answers.devices = [dict(one) for one in DEVICES]
    answers.seats = [dict(one) for one in SEATS]
    answers.tokens = [dict(one) for one in TOKENS]
    answers.stored = STORED
