"""Who is on duty when: shifts from the appointments of a calendar, and what is missing in them. Pure.

An appointment is a shift. Who has it is said by its attendees, else by its title; `[2]` in the title is the rank. In a
second calendar stand exceptions: while one of its shifts lasts, the first calendar's of the same rank do not count.
All is compared in UTC; only whole days, and times without a zone, are of the zone of the house.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from ami_bridge.calendars.times import Occurrence
from ami_bridge.people.model import Person

FIRST = 1
RANK = re.compile(r"\[([1-9])\]")
PARTS = re.compile(r"\s*(?:[,;:/+&|()\[\]]|\s[-–—]\s|\b(?:und|and)\b)\s*", re.IGNORECASE)  # noqa: RUF001 - dashes
WORD = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")  # noqa: RUF001 - an apostrophe
TELLING_APART = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


class Shift(Struct, frozen=True, kw_only=True):
    """A time in which somebody is on duty."""

    starts: datetime
    ends: datetime
    title: str
    rank: int = FIRST
    logins: tuple[str, ...] = ()
    """Who has it; nobody where whoever is named is not known."""
    over: bool = False
    """Whether it stands in the calendar of exceptions."""
    strangers: tuple[str, ...] = ()
    """What names nobody that we know, or more than one."""


class Gap(Struct, frozen=True, kw_only=True):
    """A time in which nobody is on duty."""

    starts: datetime
    ends: datetime
    rank: int = FIRST


class Rota:
    """The shifts of some weeks."""

    def __init__(self, shifts: Iterable[Shift] = ()) -> None:
        self.shifts = tuple(sorted(shifts, key=lambda one: (one.starts, one.rank, not one.over, one.ends, one.title)))

    def on_duty(self, at: datetime, rank: int = FIRST) -> tuple[Shift, ...]:
        """Return the shifts of this rank that somebody has at this time; the longest begun comes first."""
        now = [one for one in self.shifts if one.rank == rank and one.logins and one.starts <= at < one.ends]
        return tuple([one for one in now if one.over] or now)

    def logins(self, at: datetime, rank: int = FIRST) -> tuple[str, ...]:
        """Return who is on duty at this time."""
        return tuple(dict.fromkeys(login for shift in self.on_duty(at, rank) for login in shift.logins))

    def gaps(self, rank: int, since: datetime, until: datetime) -> tuple[Gap, ...]:
        """Return when nobody has this rank within these times."""
        found, at = [], since
        for shift in self.shifts:  # by their start
            if shift.rank != rank or not shift.logins or shift.ends <= at:
                continue
            if shift.starts >= until:
                break
            if shift.starts > at:
                found.append(Gap(starts=at, ends=shift.starts, rank=rank))
            at = shift.ends
        if at < until:
            found.append(Gap(starts=at, ends=until, rank=rank))
        return tuple(found)

    def within(self, since: datetime, until: datetime) -> tuple[Shift, ...]:
        """Return the shifts that lie, at least in part, within these times."""
        return tuple(one for one in self.shifts if one.starts < until and one.ends > since)

    def strangers(self, since: datetime, until: datetime) -> tuple[Shift, ...]:
        """Return the shifts within these times in which somebody is named whom we do not know."""
        return tuple(one for one in self.within(since, until) if one.strangers)


def shift_of(one: Occurrence, names: "Names", *, over: bool = False) -> Shift:
    """Make a shift of an appointment."""
    ranks = RANK.findall(one.title)
    logins, strangers = _whose(one, names)
    return Shift(
        starts=one.starts,
        ends=one.ends,
        title=one.title,
        rank=int(ranks[0]) if ranks else FIRST,
        logins=logins,
        over=over,
        strangers=strangers,
    )


def _whose(one: Occurrence, names: "Names") -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Say who has the shift and which names are strange: attendees, then the title, then whoever wrote it.

    Whoever writes the rota is often made an attendee of each appointment by the calendar, hence counts last.
    """
    asked = [mail for mail in one.attendees if mail != one.organizer]
    known = tuple(dict.fromkeys(login for mail in asked if (login := names.by_mail(mail))))
    strange = tuple(mail for mail in asked if names.by_mail(mail) is None)
    if known:
        return known, strange
    titled, unclear = names.in_title(one.title)
    if titled:
        return titled, (*strange, *unclear)
    own = names.by_mail(one.organizer) if one.organizer in one.attendees else None
    return ((own,) if own else ()), (*strange, *((one.title or "?",) if not own and not strange else ()))


class Names:
    """Whom a name in an appointment means."""

    def __init__(self, persons: Sequence[Person]) -> None:
        self._mails = {person.email.casefold(): person.login for person in persons if person.email}
        self._whole: dict[str, set[str]] = {}
        """What may stand for a person alone: login, name, last name, and the name with the last one first."""
        self._full: dict[tuple[str, ...], set[str]] = {}
        self._short: dict[tuple[str, ...], set[str]] = {}
        for person in persons:
            words = person.name.split()
            last = words[-1] if words else ""
            for name in (person.login, person.name, last, " ".join([last, *words[:-1]])):
                if name:
                    self._whole.setdefault(_folded(name), set()).add(person.login)
            self._full.setdefault(_words(person.name), set()).add(person.login)
            for short in (person.login, last):
                self._short.setdefault(_words(short), set()).add(person.login)

    def by_mail(self, mail: str) -> str | None:
        """Return the login of whose address this is."""
        return self._mails.get(mail.casefold()) if mail else None

    def in_title(self, title: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return who is named in a title, and which names mean more than one person.

        A title that is a name, or several, says it best; then one in which a whole name stands, then a last one.
        """
        text = RANK.sub(" ", title)
        for found in (self._alone(text), self._inside(text, self._full), self._inside(text, self._short)):
            if found[0] or found[1]:
                return found
        return (), ()

    def _alone(self, text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Look at the whole text first, for "Dachs, Dieter" is one person, then at each part of it."""
        whole = self._whole.get(_folded(text.replace(",", " ")), set())
        if len(whole) == 1:
            return tuple(whole), ()
        return _sorted_out((part, self._whole.get(_folded(part), set())) for part in PARTS.split(text))

    @staticmethod
    def _inside(text: str, names: dict[tuple[str, ...], set[str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        words = _words(text)
        longest = max(map(len, names), default=0)
        places = [words[at : at + length] for at in range(len(words)) for length in range(1, longest + 1)]
        return _sorted_out((" ".join(place), names.get(place, set())) for place in places)


def _sorted_out(found: Iterable[tuple[str, set[str]]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    known: dict[str, None] = {}
    unclear: dict[str, None] = {}
    for text, logins in found:
        if len(logins) == 1:
            known.update(dict.fromkeys(logins))
        elif logins:
            unclear[text] = None
    return tuple(known), tuple(unclear)


def _folded(text: str) -> str:
    """Write a name as it is compared: "Müller" and "Mueller" are the same."""
    plain = unicodedata.normalize("NFKC", text).casefold().translate(TELLING_APART)
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(sign))
    return " ".join(bare.split())


def _words(text: str) -> tuple[str, ...]:
    return tuple(WORD.findall(_folded(text)))
