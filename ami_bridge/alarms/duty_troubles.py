"""What is wrong with the rota, in sentences: calendar away, nobody on duty, unknown name, dead telephone. Pure."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta, tzinfo

from msgspec import Struct

from ami_bridge.alarms.model import Priority
from ami_bridge.calendars.rota import FIRST, Gap, Rota, Shift

AHEAD = timedelta(days=14)
SOON = timedelta(days=2)
BEFORE_A_SHIFT = timedelta(hours=2)
MAY_BE_AWAY = timedelta(hours=1)
LONG_AWAY = timedelta(days=1)
SHORT = timedelta(minutes=1)
"""Gaps shorter than this are how people write the end of a day (23:59)."""
LOW: Priority = 4
HIGHER: Priority = 3
MOST = 10
"""Troubles of one kind that are told, of one calendar."""


class Trouble(Struct, frozen=True, kw_only=True):
    """Something that is wrong, or will be."""

    id: str
    """The same as long as it is the same trouble; one that has become worse is another."""
    text: str
    """In German."""
    text_en: str
    priority: Priority = LOW


class State(Struct, frozen=True, kw_only=True):
    """One rota, as far as troubles are concerned."""

    name: str
    """Of its calendar."""
    rota: Rota
    ranks: Sequence[int] = (FIRST,)
    """Which of them somebody is asked for."""
    read_at: datetime | None = None
    trouble: str = ""
    trouble_since: datetime | None = None
    unreadable: int = 0


def troubles(state: State, *, now: datetime, zone: tzinfo, reachable: Callable[[str], bool]) -> list[Trouble]:
    """Say what is wrong; `reachable` says of a login whether any of the numbers of this person can be rung."""
    return [
        *_away(state, now, zone),
        *_gaps(state, now, zone),
        *_strangers(state, now, zone),
        *_dead_telephones(state, now, reachable),
    ]


def gaps(state: State, now: datetime) -> list[Gap]:
    """Return when nobody is on duty in the next days; one that has begun begins when it did."""
    until = now + AHEAD
    found = [gap for rank in state.ranks for gap in state.rota.gaps(rank, now - AHEAD, until) if gap.ends > now]
    return [gap for gap in found if gap.ends - gap.starts > SHORT]


def _away(state: State, now: datetime, zone: tzinfo) -> Iterable[Trouble]:
    if state.unreadable:
        yield Trouble(
            id=f"rota/unreadable/{state.name}",
            text=f"Bereitschaftsplan {state.name}: {state.unreadable} Einträge sind nicht lesbar",
            text_en=f"Duty rota {state.name}: {state.unreadable} entries cannot be read",
        )
    if not state.trouble or state.trouble_since is None:
        return
    since = now - state.trouble_since
    if since < MAY_BE_AWAY:
        return
    what = f"Der Bereitschaftsplan {state.name} kann seit {_length(since)} nicht gelesen werden"
    stand = f"es gilt der Stand vom {_when(state.read_at, zone)}" if state.read_at else "niemand ist eingeteilt"
    what_en = f"The duty rota {state.name} could not be read for {_length_en(since)}"
    stand_en = f"what it said on {_when_en(state.read_at, zone)} holds" if state.read_at else "nobody is on duty"
    long = since >= LONG_AWAY
    yield Trouble(
        id=f"rota/away/{state.name}" + "/long" * long,
        text=f"{what}; {stand}",
        text_en=f"{what_en}; {stand_en}",
        priority=HIGHER if long else LOW,
    )


def _gaps(state: State, now: datetime, zone: tzinfo) -> Iterable[Trouble]:
    for gap in gaps(state, now)[:MOST]:
        what = "Niemand hat Bereitschaft" if gap.rank == FIRST else f"Niemand hat Hintergrunddienst [{gap.rank}]"
        begun = gap.starts <= now
        ends = f"bis {_when(gap.ends, zone)}" if gap.ends < now + AHEAD else "auf Weiteres"
        when = f"jetzt, {ends}" if begun else f"von {_when(gap.starts, zone)} {ends}"
        what_en = "Nobody is on duty" if gap.rank == FIRST else f"Nobody is on background duty [{gap.rank}]"
        ends_en = f"until {_when_en(gap.ends, zone)}" if gap.ends < now + AHEAD else "until further notice"
        when_en = f"now, {ends_en}" if begun else f"from {_when_en(gap.starts, zone)} {ends_en}"
        start = "now" if begun else gap.starts.strftime("%Y-%m-%dT%H:%MZ")
        soon = gap.rank == FIRST and gap.starts - now < SOON
        yield Trouble(
            id=f"rota/gap/{state.name}/{gap.rank}/{start}" + "/soon" * (soon and not begun),
            text=f"{what}: {when} ({state.name})",
            text_en=f"{what_en}: {when_en} ({state.name})",
            priority=HIGHER if soon else LOW,
        )


def _strangers(state: State, now: datetime, zone: tzinfo) -> Iterable[Trouble]:
    seen: dict[tuple[str, ...], Shift] = {}
    for shift in state.rota.strangers(now, now + AHEAD):
        seen.setdefault(shift.strangers, shift)
    for names, shift in list(seen.items())[:MOST]:
        said = ", ".join(f"„{name}“" for name in names)
        said_en = ", ".join(f"“{name}”" for name in names)
        from_ = max(shift.starts, now)
        yield Trouble(
            id=f"rota/name/{state.name}/{'/'.join(names)}",
            text=f"Im Bereitschaftsplan {state.name} steht ab {_when(from_, zone)} {said}: "
            "kein eindeutiger Name von hier",
            text_en=f"From {_when_en(from_, zone)} on the duty rota {state.name} has {said_en}: "
            "no name of somebody here, or of several",
        )


def _dead_telephones(state: State, now: datetime, reachable: Callable[[str], bool]) -> Iterable[Trouble]:
    soon = [shift for shift in state.rota.within(now, now + BEFORE_A_SHIFT) if shift.rank in state.ranks]
    for login in dict.fromkeys(login for shift in soon for login in shift.logins):
        if not reachable(login):
            on_duty = any(login in state.rota.logins(now, rank) for rank in state.ranks)
            who = "wer Bereitschaft hat" if on_duty else "wer gleich Bereitschaft hat"
            who_en = "who is on duty" if on_duty else "who will be on duty soon"
            yield Trouble(
                id=f"rota/telephone/{state.name}/{login}",
                text=f"Kein Telefon ist angemeldet, auf dem erreicht wird, {who}: {login}",
                text_en=f"No telephone is registered that reaches {who_en}: {login}",
                priority=HIGHER,
            )


def _when(at: datetime | None, zone: tzinfo) -> str:
    return "" if at is None else at.astimezone(zone).strftime("%d.%m.%Y, %H:%M Uhr")


def _length(length: timedelta) -> str:
    if length < timedelta(days=2):
        return f"{int(length.total_seconds() // 3600)} Stunden"
    return f"{length.days} Tagen"


def _when_en(at: datetime | None, zone: tzinfo) -> str:
    return "" if at is None else at.astimezone(zone).strftime("%d/%m/%Y, %H:%M")


def _length_en(length: timedelta) -> str:
    if length < timedelta(days=2):
        return f"{int(length.total_seconds() // 3600)} hours"
    return f"{length.days} days"
