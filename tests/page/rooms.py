"""Conference rooms as Anna sees them: one going on, one planned, one that stays, and one of somebody else."""

from datetime import datetime, timedelta
from typing import Any

from ami_bridge.wire import Participant, Room, RoomPin, User
from tests.page.town import ago

GUEST = "482913"
OWN = "7310924"
PINS = (
    RoomPin(id="p1", role="guest", name="", digits=GUEST),
    RoomPin(id="p2", role="mod", name="Anna Amsel", digits=OWN),
    RoomPin(id="p3", role="part", name="Architekturbüro Maier", digits="6604127"),
)


def person(id_: str, name: str | None, number: str | None = "102", **different: object) -> Participant:
    said: dict[str, Any] = {"id": id_, "name": name, "number": number, "since": ago(300), "role": "part"}
    said["display"] = number and number.replace("+4930", "030 ").replace("+4969", "069 ")
    return Participant(**(said | different))


PEOPLE = (
    person("a", "Anna Amsel", "101", role="mod", since=ago(600)),
    person("b", "Ben Biber", talking=True),
    person("c", "Architekturbüro Maier", "+493023125001", muted=True),
    person("d", None, "+496990009123", waiting=True),
)


def room(number: str = "8123", **different: object) -> Room:
    """One room; what is not said is Anna's, planned for tomorrow."""
    starts = ago(-86_400)
    title = different.get("title", "Bauabnahme")
    text = f"Telefonkonferenz: {title}\nEinwahl: 089 99998900\nRaum: {number}#\nPIN: {GUEST}#"
    said: dict[str, Any] = {
        "number": number,
        "title": title,
        "owner": "Anna Amsel",
        "kind": "booked",
        "language": "de",
        "starts": starts,
        "ends": starts + timedelta(hours=1),
        "opens": starts - timedelta(minutes=15),
        "closes": starts + timedelta(hours=2),
        "most": 20,
        "waits": True,
        "recording": False,
        "dial_in": "089 99998-900",
        "moderates": True,
        "my_pin": OWN,
        "guest_pin": GUEST,
        "pins": PINS,
        "invitation": {"de": text, "en": text},
    }
    return Room(**(said | different))


def live(number: str = "8123", **different: object) -> Room:
    """The same while people are in it."""
    return room(number, **{"since": ago(600), "participants": PEOPLE, "rev": 2, **different})


def every_kind() -> list[Room]:
    return [
        live(guessed=True, locked=True, recorded=True),
        room("8200", title="Baubesprechung", lines_short=True),
        room("8300", title="Bürgerbüro", kind="department", starts=None, ends=None, opens=None, closes=None),
        live("8400", title="Haushalt", owner="Carla Çelik", moderates=False, my_pin="5551234", pins=(), waits=False),
    ]


def made(wish: dict[str, Any], user: User) -> Room:
    """What becomes of a wish."""
    times = {name: wish.get(name) and datetime.fromisoformat(wish[name]) for name in ("starts", "ends")}
    return room("8765", title=wish["title"], kind=wish["kind"], waits=wish["waits"], owner=user.name, **times)
