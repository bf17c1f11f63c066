"""Kept calls as one reader is shown them: numbers get names only here, and only those that this reader may know."""

from typing import Protocol

from ami_bridge import wire
from ami_bridge.contacts.directory import ANYBODY, Audience, audience_of
from ami_bridge.contacts.folding import Term, fits, words
from ami_bridge.journal.model import Kept, Reader
from ami_bridge.numbers import Number, Numbers
from ami_bridge.people.model import People


class Names(Protocol):
    """Puts names to numbers."""

    def named(self, number: Number | None, audience: Audience = ANYBODY) -> wire.Peer:
        """Say whose number it is, as this audience may know it."""

    def labelled(self, exten: str) -> wire.Line:
        """Say what a line of the house is."""


class Entries:
    """Draws kept calls for readers."""

    def __init__(self, *, names: Names, numbers: Numbers, people: People) -> None:
        self._names = names
        self._numbers = numbers
        self._people = people

    def entry(self, row: Kept, login: str, reader: Reader) -> wire.Entry:
        """Return what this person is shown of a call in this journal."""
        return wire.Entry(
            id=row.call_id,
            call=row.call_id,
            pbx=row.pbx_id,
            rev=row.rev,
            extension=row.extension,
            direction=row.direction,
            role=row.role,
            result=row.result,
            peer=self.peer(row.peer_number, self.audience(login)),
            line=None if row.line is None else self._names.labelled(row.line),
            started_at=row.started_at,
            answered_at=row.answered_at,
            ended_at=row.ended_at,
            note=row.note if reader.login is not None and reader.login == row.login else None,
            private=row.private,
            done_by=None if row.done_by is None else self.person(row.done_by),
            done_at=row.done_at,
        )

    def peer(self, number: str | None, audience: Audience = ANYBODY) -> wire.Peer:
        """Name a kept number; one whose end was cut off is nobody's."""
        if number is None:
            return wire.Peer()
        read = self._numbers.from_pbx(number)
        return wire.Peer(display=number) if read is None else self._names.named(read, audience)

    def line(self, exten: str) -> wire.Line:
        """Say what a line of the house is."""
        return self._names.labelled(exten)

    def person(self, login: str) -> str:
        """Return what somebody is called; who is gone, by the login that is kept."""
        person = self._people.by_login(login)
        return person.name if person is not None and person.name else login

    def audience(self, login: str) -> Audience:
        """Return what this person may know."""
        person = self._people.by_login(login)
        return ANYBODY if person is None else audience_of(person)


def gone(row: Kept) -> wire.Entry:
    """Return what is told of a call that is in this journal no more: nothing of whom it was with."""
    return wire.Entry(
        id=row.call_id,
        call=row.call_id,
        pbx=row.pbx_id,
        rev=row.rev + 1,
        direction=row.direction,
        role=row.role,
        result=row.result,
        started_at=row.started_at,
        ended_at=row.ended_at,
        gone=True,
    )


def has(entry: wire.Entry, wanted: tuple[Term, ...]) -> bool:
    """Tell whether an entry, as its reader sees it, has all that was typed: names, organisation, number, note."""
    peer, line = entry.peer, entry.line
    texts = (peer.name, peer.org, *peer.names, entry.note, entry.done_by, line and line.label)
    found = [word for text in texts if text for word in words(text)]
    digits = (peer.number or "".join(sign for sign in peer.display if sign.isdigit()), line and line.exten)
    found += [number.lstrip("+") for number in digits if number]
    return fits(" " + " ".join(found), wanted)
