"""What one person is shown of one call: the view of an extension, with names. Pure."""

from collections.abc import Mapping
from typing import Protocol

from ami_bridge import wire
from ami_bridge.calls.view import Party, View, number_of
from ami_bridge.contacts.directory import ANYBODY, Audience
from ami_bridge.contacts.model import link
from ami_bridge.numbers import Number, Numbers


class Name(Protocol):
    """What a directory knows of a number."""

    @property
    def name(self) -> str:
        """Whom to show."""

    @property
    def org(self) -> str | None:
        """Where they belong."""

    @property
    def source(self) -> str:
        """Which book says so."""

    @property
    def reason(self) -> str:
        """Why this entry was taken."""

    @property
    def kind(self) -> str | None:
        """What the book calls the number."""

    @property
    def matches(self) -> int:
        """How many entries have the number."""

    @property
    def names(self) -> tuple[str, ...]:
        """All who have it."""

    @property
    def refs(self) -> tuple[str, ...]:
        """Which entries `names` are."""

    @property
    def ref(self) -> str | None:
        """Which entry this is."""


class Names(Protocol):
    """Who has which number, as the reader may know it."""

    def lookup(self, number: Number | None, audience: Audience = ANYBODY) -> Name | None:
        """Return the name of a number for this reader, from memory."""


class Bubbles:
    """Draws views for people."""

    def __init__(self, *, numbers: Numbers, names: Names, lines: Mapping[str, str], click: str = "") -> None:
        """`click` is the address of a caller's page in the groupware, with `{number}` in it."""
        self._click = click
        self._numbers = numbers
        self._names = names
        self._lines = lines

    def bubble(self, view: View, audience: Audience = ANYBODY) -> wire.Call:
        """Name the parties of a view, as this audience may know them."""
        return wire.Call(
            id=view.call,
            pbx=view.pbx,
            rev=view.rev,
            state=view.state,
            direction=direction(view),
            role="caller" if view.caller else "callee",
            since=view.since,
            answered_at=view.answered_at,
            ended_at=view.ended_at,
            peer=self.peer(view.peer, audience) or wire.Peer(),
            others=tuple(peer for one in view.others if (peer := self.peer(one, audience))),
            line=self.line(view),
            extension=view.extension,
            forwarded_by=self.peer(view.forwarded_by, audience),
            result=view.result,
            answered_by=self.peer(view.answered_by, audience),
            merged_into=view.merged_into,
            parked_at=view.parked_at,
            queue=None if view.queue is None else self._lines.get(view.queue, view.queue),
            room=number_of(view.room),
            waits=self.peer(view.waits, audience),
        )

    def number(self, party: Party | None) -> Number | None:
        """Return a party's comparable number; None where it is withheld or unknown."""
        if party is None:
            return None
        if party.exten is not None:
            return Number(exten=party.exten, display=party.exten)
        return None if party.number is None else self._numbers.from_pbx(party.number, dialled=party.dialled)

    def peer(self, party: Party | None, audience: Audience = ANYBODY) -> wire.Peer | None:
        """Name a party, as this audience may know it."""
        return None if party is None else self.named(self.number(party), audience)

    def named(self, number: Number | None, audience: Audience = ANYBODY) -> wire.Peer:
        """Say whose number it is, as this audience may know it."""
        if number is None:
            return wire.Peer()
        if number.exten is not None and (label := self._lines.get(number.exten)) is not None:
            return wire.Peer(number=number.exten, display=number.display, name=label, reason="extension", matches=1)
        name = self._names.lookup(number, audience)
        page = link(self._click, None if number.exten else number.e164)
        if name is None:
            return wire.Peer(number=number.exten or number.e164, display=number.display, link=page)
        return wire.Peer(
            number=number.exten or number.e164,
            display=number.display,
            name=name.name,
            org=name.org,
            source=name.source,
            kind=name.kind,
            matches=name.matches,
            names=name.names if name.matches > 1 else (),
            refs=name.refs if name.matches > 1 else (),
            reason=name.reason,
            ref=name.ref,
            link=page,
        )

    def line(self, view: View) -> wire.Line | None:
        """Label what was called: it is of the house, so anybody may know it."""
        if view.caller or view.line is None:
            return None
        number = self._numbers.from_pbx(view.line)
        if number is None:
            return None
        return self.labelled(number.exten or number.e164 or view.line)

    def labelled(self, exten: str) -> wire.Line:
        """Say what a line of the house is."""
        label = self._lines.get(exten)
        if label is None and (name := self._names.lookup(self._numbers.from_pbx(exten))) is not None:
            label = name.name
        return wire.Line(exten=exten, label=label)


def direction(view: View) -> wire.Direction:
    """Return which way a call goes, seen from its extension."""
    if not view.outside:
        return "internal"
    return "out" if view.caller else "in"
