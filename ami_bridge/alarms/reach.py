"""Whom a test alarm has reached: per person and telephone, and in all. Pure.

Reached is who has confirmed. The number that counts is out of all who should have been reached: silence, an answer
without the code, and a mailbox are no confirmation, and who has no telephone is on the list all the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct, structs

from ami_bridge.alarms.model import Attempt, By, Outcome, Person

TestKind = Literal["asked", "scheduled"]
HERE = ZoneInfo("Europe/Berlin")
HEARD: frozenset[Outcome] = frozenset({"acked", "declined", "heard_not_acked"})
TEXTS: dict[str, str] = {
    "acked": "bestätigt",
    "declined": "abgelehnt",
    "heard_not_acked": "gehört, nicht bestätigt",
    "voicemail_suspected": "vermutlich Anrufbeantworter",
    "busy": "besetzt",
    "rejected": "abgewiesen",
    "unreachable": "nicht erreichbar",
    "invalid_number": "Nummer ungültig",
    "forwarded": "umgeleitet",
    "no_answer": "nicht abgehoben",
    "path_failed": "Leitung gestört",
    "forbidden": "gesperrte Nummer",
    "cancelled": "abgebrochen",
    "daemon_lost": "unterbrochen",
    "no_number": "kein Telefon",
    "not_tried": "nicht versucht",
}


class Way(Struct, frozen=True, kw_only=True):
    """One telephone of somebody, and how far the test came there."""

    number: str
    tried_at: datetime | None = None
    connected_at: datetime | None = None
    heard_at: datetime | None = None
    """When it was played to somebody; not where a mailbox is suspected."""
    confirmed_at: datetime | None = None
    outcome: str = "not_tried"
    """Of the last try: as attempts end, `no_number` or `not_tried`."""


class Reached(Struct, frozen=True, kw_only=True):
    """One person on the list."""

    login: str
    name: str
    ways: tuple[Way, ...]
    confirmed_at: datetime | None = None

    @property
    def reached(self) -> bool:
        """Whether this person has confirmed."""
        return self.confirmed_at is not None

    @property
    def why(self) -> str:
        """Say how the best way ended: which tells most about why somebody was not reached."""
        if self.reached:
            return "acked"
        order = ("heard_at", "connected_at", "tried_at")
        best = max(self.ways, key=lambda way: [getattr(way, name) is not None for name in order], default=None)
        return best.outcome if best is not None else "no_number"


class Test(Struct, frozen=True, kw_only=True):
    """A test alarm to some people."""

    id: str
    kind: TestKind = "asked"
    started_at: datetime
    ends_at: datetime
    """Until when people may confirm."""
    ended_at: datetime | None = None
    who: tuple[str, ...]
    """The words of whoever asked for it."""
    started_by: By | None = None
    text: str
    people: tuple[Reached, ...] = ()

    @property
    def confirmed(self) -> int:
        """How many have confirmed."""
        return sum(person.reached for person in self.people)


class State(Struct, frozen=True, kw_only=True):
    """What became of the alarm of one person."""

    alarm: str
    login: str
    acknowledged: By | None = None
    done: bool = False
    """Whether nothing more will be tried."""


def at_first(person: Person) -> Reached:
    """Return somebody who was not tried yet."""
    ways = tuple(Way(number=number) for number in person.numbers) or (Way(number="", outcome="no_number"),)
    return Reached(login=person.login, name=person.name, ways=ways)


def judged(test: Test, states: Mapping[str, State], attempts: Mapping[str, Sequence[Attempt]]) -> Test:
    """Return the test as it stands: `states` by login, attempts by alarm."""
    return structs.replace(
        test,
        people=tuple(
            _judged(person, state, attempts.get(state.alarm, ())) if (state := states.get(person.login)) else person
            for person in test.people
        ),
    )


def _judged(person: Reached, state: State, attempts: Iterable[Attempt]) -> Reached:
    by_number: dict[str, list[Attempt]] = {}
    for attempt in sorted(attempts, key=lambda one: (one.claimed_at, one.id)):
        if attempt.login == person.login:
            by_number.setdefault(attempt.destination, []).append(attempt)
    # Somebody else may have confirmed it on the page: that proves nothing about this person.
    own = state.acknowledged if state.acknowledged is not None and state.acknowledged.login == person.login else None
    confirmed = own.at if own is not None else None
    ways = tuple(_way(way, by_number.get(way.number, [])) for way in person.ways)
    if confirmed is not None and own is not None and own.how == "phone":
        live = max(
            (way for way in ways if way.connected_at), key=lambda way: way.connected_at or confirmed, default=None
        )
        ways = tuple(
            structs.replace(way, confirmed_at=confirmed, heard_at=way.heard_at or confirmed, outcome="acked")
            if way is live
            else way
            for way in ways
        )
    return structs.replace(person, ways=ways, confirmed_at=confirmed)


def _way(way: Way, attempts: Sequence[Attempt]) -> Way:
    if not attempts:
        return way
    talked = [one.talking_at for one in attempts if one.talking_at is not None]
    heard = [one.talking_at for one in attempts if one.talking_at is not None and one.outcome in HEARD]
    ended = [one.outcome for one in attempts if one.outcome is not None]
    return Way(
        number=way.number,
        tried_at=attempts[0].claimed_at,
        connected_at=talked[0] if talked else None,
        heard_at=heard[0] if heard else None,
        outcome=ended[-1] if ended else "not_tried",
    )


def headline(test: Test) -> str:
    """Say the result in a sentence: confirmed out of all on the list."""
    all_ = len(test.people)
    share = f" ({round(100 * test.confirmed / all_)} %)" if all_ else ""
    return f"{test.confirmed} von {all_} haben bestätigt{share}"


def report(test: Test, again: Sequence[str] = ()) -> str:
    """Write the report that is sent by mail; `again` are names of those who were not reached the last time either."""
    lines = [f"Probealarm vom {test.started_at.astimezone(HERE):%d.%m.%Y, %H:%M} Uhr", headline(test), ""]
    missing = [person for person in test.people if not person.reached]
    if missing:
        lines.append("Nicht erreicht:")
        lines += [f"  {person.name}: {TEXTS.get(person.why, person.why)}" for person in missing]
        lines.append("")
    if again:
        lines += ["Zum zweiten Mal nicht erreicht: " + ", ".join(again), ""]
    lines.append("Im Einzelnen:")
    for person in test.people:
        for way in person.ways:
            seconds = f", nach {_seconds(test, way)} s" if way.confirmed_at else ""
            lines.append(f"  {person.name} {way.number}: {TEXTS.get(way.outcome, way.outcome)}{seconds}")
    return "\n".join(lines) + "\n"


def unreached_again(test: Test, before: Test | None) -> list[str]:
    """Return the names of those on both lists whom neither test has reached."""
    missed = {person.login for person in before.people if not person.reached} if before is not None else set()
    return [person.name for person in test.people if not person.reached and person.login in missed]


def _seconds(test: Test, way: Way) -> int:
    return round(((way.confirmed_at or test.started_at) - test.started_at).total_seconds())
