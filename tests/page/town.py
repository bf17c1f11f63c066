"""Calls as a town hall has them, one of every state, and some that mean harm."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from ami_bridge.wire import Call, Line, Peer

ERIKA = Peer(
    number="+493023125001",
    display="030 23125001",
    name="Erika Mustermann",
    org="Stadtwerke Musterhausen",
    source="Stadt",
    matches=1,
    reason="exact",
)
BEN = Peer(number="102", display="102", name="Ben Biber", org="Bürgerbüro", matches=1, reason="extension")
CARLA = Peer(number="103", display="103", name="Carla Çelik", org="Bauamt", matches=1, reason="extension")
UNKNOWN = Peer(number="+496990009123", display="069 90009123")
SEVERAL = msgspec.structs.replace(
    ERIKA,
    name="Bäckerei Korn / Kornblum (+1)",
    org=None,
    number="+494066969123",
    matches=3,
    names=("Bäckerei Korn", "Kornblum", "Dr. Kornelia Weiß"),
    refs=("11", "12", "13"),
)
OFFICE = Line(exten="000", label="Bürgerbüro")


def ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)  # noqa: TID251 - the browser's clock runs on real time


def call(who: str = "erika", **different: object) -> Call:
    """One call; what is not said is a citizen ringing at the office."""
    said: dict[str, Any] = {
        "id": f"01CALL{who.upper()}",
        "pbx": "rathaus",
        "rev": 1,
        "state": "ringing",
        "direction": "in",
        "role": "callee",
        "since": ago(8),
        "peer": ERIKA,
        "line": OFFICE,
        "extension": "101",
        "actions": ("reject", "redirect"),
    }
    return Call(**(said | different))


def answered(who: str = "erika", **different: object) -> Call:
    return call(who, **{"rev": 2, "state": "answered", "answered_at": ago(1), **different})


def ended(who: str = "erika", **different: object) -> Call:
    return call(who, **{"rev": 9, "state": "ended", "result": "missed", "ended_at": ago(1), "actions": (), **different})


def every_state() -> list[Call]:
    """One call of every state and result, from both sides, with everything that a call can carry."""
    talking = {"state": "answered", "since": ago(4000), "answered_at": ago(3725)}
    return [
        call("a", forwarded_by=BEN),
        call("b", peer=UNKNOWN, since=ago(9)),
        call("c", peer=Peer(), line=Line(exten="101"), since=ago(10)),
        call("d", state="ringing", role="caller", direction="out", peer=ERIKA, line=None, since=ago(11)),
        call("e", state="dialing", role="caller", direction="internal", peer=CARLA, line=None, since=ago(12)),
        call("f", **{**talking, "peer": SEVERAL}),
        call("g", state="held", since=ago(100), answered_at=ago(65), answered_by=BEN),
        call("h", state="parked", since=ago(110), answered_at=ago(70), parked_at="701"),
        call("i", state="queued", since=ago(120), queue="buergerbuero", peer=UNKNOWN),
        call("j", state="conference", since=ago(130), room="8001", others=(BEN, CARLA, UNKNOWN), peer=Peer()),
        *(
            ended(f"k{number}", result=result, role=role, since=ago(200 + number), answered_by=BEN, answered_at=ago(99))
            for number, (result, role) in enumerate(
                (result, role)
                for result in ("answered", "missed", "busy", "rejected", "cancelled", "failed", "transferred", "merged")
                for role in ("caller", "callee")
            )
        ),
    ]


LONG = "Donaudampfschifffahrt" * 200
HOSTILE = [
    "<img src=x onerror=alert(1)><script>alert(1)</script>",
    "\u202egnp.exe \u2066 ruft an \u202d",
    "\"'><b>fett</b> ${alert(1)} {{7*7}} &amp; &lt;",
    LONG,
    "Z" + "\u0336\u0489\u035c" * 200 + "algo",
    "שרה כהן, עיריית תל אביב",
    "{who} {time} \\n\t Zeile",
]
