"""Why a number has the name it has: which places were asked, what each knew, which rule decided."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from ami_bridge.contacts.directory import ANYBODY, Audience, Directory
from ami_bridge.contacts.model import Name, clean, link
from ami_bridge.numbers import Numbers
from ami_bridge.people.model import People


class ShownName(Struct, frozen=True, kw_only=True):
    """A name, and where it comes from."""

    name: str
    org: str | None = None
    source: str = ""
    kind: str | None = None
    """What the book calls the number."""
    ref: str | None = None


class Asked(Struct, frozen=True, kw_only=True):
    """One place that was asked."""

    place: str
    """`extensions`, `shared`, `group:…`, `owner:…`, or `direct dialling in` one of these."""
    found: tuple[ShownName, ...] = ()


class Explained(Struct, frozen=True, kw_only=True):
    """Everything about one number and one reader."""

    number: str | None
    """Comparable: E.164, or an extension; None for what is no number, which is never looked up."""
    display: str = ""
    bubble: ShownName | None = None
    """What the reader's bubble shows."""
    telephone: str | None = None
    """What the display of the reader's desk telephone shows; None where it stays as the network sent it."""
    reason: str | None = None
    """The rule: `exact`, `extension`, `stem`, `head`, `choice`."""
    matches: int = 0
    asked: tuple[Asked, ...] = ()
    link: str | None = None
    """The caller's page in the groupware."""
    groupware: tuple[ShownName, ...] | None = None
    """Who has the number according to the groupware's own search; None where that was not asked."""


class Online(Protocol):
    """The groupware's own search."""

    async def who(self, number: str) -> Sequence[tuple[str, str]] | None:
        """Return names and organisations of those who have a number; None where it does not answer."""


class Explain:
    """Explains names, for anybody or for one person."""

    def __init__(
        self,
        *,
        directory: Directory,
        numbers: Numbers,
        people: People,
        question: Callable[[Mapping[str, str]], str],
        click: str = "",
        online: Online | None = None,
    ) -> None:
        """`question` is what the dialplan is answered with, so that it is this that is explained."""
        self._directory = directory
        self._numbers = numbers
        self._people = people
        self._question = question
        self._click = click
        self._online = online

    async def number(self, raw: str, login: str | None, *, online: bool = False) -> Explained:
        """Say whose number this is to somebody (by default to anybody: shared books only), and why.

        `online` asks the groupware's own search too. It reads whatever the daemon's account may, groups' books
        included, so that only the administrator of this machine may have that.
        """
        number = self._numbers.from_pbx(raw)
        if number is None and (read := self._numbers.from_card(raw)):
            number = read[0]
        if number is None:
            return Explained(number=None)
        person = self._people.by_login(login) if login else None
        audience = Audience(groups=person.groups, owner=person.login) if person else ANYBODY
        found = self._directory.explain(number, audience)
        name = found.name
        extension = person.extensions[0] if person and person.extensions else ""
        found_online = None
        if online and self._online is not None and number.e164 and not number.exten and name is None:
            found_online = await self._online.who(number.e164)
        return Explained(
            number=number.exten or number.e164,
            display=number.display,
            bubble=_shown(name) if name else None,
            telephone=self._question({"n": number.exten or number.e164 or "", "to": extension})[1:] or None,
            reason=name.reason if name else None,
            matches=name.matches if name else 0,
            asked=tuple(Asked(place=step.place, found=tuple(map(_shown, step.found))) for step in found.steps),
            link=link(self._click, None if number.exten else number.e164),
            groupware=None
            if found_online is None
            else tuple(ShownName(name=clean(who) or clean(org), org=clean(org) or None) for who, org in found_online),
        )


def _shown(name: Name) -> ShownName:
    return ShownName(name=name.name, org=name.org, source=name.source, kind=name.kind, ref=name.ref)
