"""The answer to the dialplan's question before it rings: what each called telephone shows as the caller's name."""

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

from ami_bridge.contacts.directory import ANYBODY, Audience
from ami_bridge.contacts.display import Style, displayed
from ami_bridge.contacts.model import Name, clean
from ami_bridge.numbers import Number
from ami_bridge.people.model import Person

HIT = "="
"""Begins every answer; alone it says that nothing is to be changed, so an empty or foreign one is a failure."""
BETWEEN = "|"
"""Stands in no name, see `contacts.model.clean`."""
TOGETHER = "&"
"""Between several that are called at once, as `Dial()` writes them."""
MOST_AT_ONCE = 32

NO_NAMES = frozenset({"anonymous", "anonym", "unknown", "unbekannt", "unavailable"})
"""Words that networks send in place of a name."""

Names = Literal["fill", "always"]
"""Whether our name is shown only where the network sends none, or always."""


class Directory(Protocol):
    """What we need of the names."""

    def lookup(self, number: Number | None, audience: Audience = ANYBODY) -> Name | None:
        """Whose number this is."""


class Numbers(Protocol):
    """What we need of the reader of numbers."""

    def from_pbx(self, raw: str) -> Number | None:
        """Read a caller's number."""


class People(Protocol):
    """What we need of the staff."""

    def by_extension(self, extension: str) -> tuple[Person, ...]:
        """Everybody whose extension this is."""

    def shows_private(self, login: str) -> bool:
        """Whether names of this person's own books may stand on the display of their telephone."""


class NameQuestion:
    """Answers `name`: one called telephone is told `=<name>`, several `=<name for all>|<name>|<name>`."""

    def __init__(
        self,
        *,
        directory: Directory,
        numbers: Numbers,
        people: People,
        extension_of: Callable[[str], str | None],
        names: Names = "fill",
        translit: Mapping[str, Style] | None = None,
    ) -> None:
        """`extension_of` tells whose a channel is, `translit` says which devices cannot show every letter."""
        self._directory = directory
        self._numbers = numbers
        self._people = people
        self._extension_of = extension_of
        self._always = names == "always"
        self._translit = dict(translit or {})

    def __call__(self, form: Mapping[str, str]) -> str:
        """Answer from memory; there is no form that could make it fail.

        `n` is the caller's number, `was` the name the call came with, `to` the called: extensions or devices.
        """
        number = self._numbers.from_pbx(form.get("n", ""))
        called = [one for one in form.get("to", "").split(TOGETHER)[:MOST_AT_ONCE] if one]
        if number is None:  # withheld, or no number at all: not even looked for
            return HIT + BETWEEN * (len(called) if len(called) > 1 else 0)
        was = clean(form.get("was"))
        if was.casefold() in NO_NAMES or self._is(was, number):
            was = ""
        if len(called) == 1:
            return HIT + self._shown(number, was, called[0])
        fields = [self._name(number, was, ANYBODY), *(self._shown(number, was, one) for one in called)]
        return HIT + BETWEEN.join(fields)

    def _shown(self, number: Number, was: str, called: str) -> str:
        """Return what one telephone is to show; empty where it shows the right thing by itself."""
        # A device that no hint names yet is nobody's: its name need not be its owner's extension.
        exten = self._extension_of(f"{called}-") or ("" if "/" in called else called)
        name = self._name(number, was, self._audience(exten))
        style = self._style(called, exten)
        if name or style is None:
            return displayed(name, style)
        written = displayed(was, style)
        return "" if written == was else written

    def _name(self, number: Number, was: str, audience: Audience) -> str:
        if was and not self._always:
            return ""
        name = self._directory.lookup(number, audience)
        return clean(name.name) if name else ""

    def _is(self, text: str, number: Number) -> bool:
        """Tell whether the network's "name" is but the number once more."""
        again = self._numbers.from_pbx(text)
        if again is None:
            return False
        known = again.e164 or again.exten  # neither: a short number from outside, of which only the digits are known
        return (again.e164, again.exten) == (number.e164, number.exten) and bool(known or again == number)

    def _audience(self, exten: str) -> Audience:
        """For whom a telephone shows names: who shares it with others sees what all of them may know."""
        persons = self._people.by_extension(exten)
        if not persons:
            return ANYBODY
        first, *others = persons
        groups = tuple(group for group in first.groups if all(group in one.groups for one in others))
        owner = first.login if not others and self._people.shows_private(first.login) else None
        return Audience(groups=groups, owner=owner) if groups or owner else ANYBODY

    def _style(self, called: str, exten: str) -> Style | None:
        """Say how a device's display writes; an extension with several is served as the one that can do least."""
        if not self._translit:
            return None
        if called in self._translit:
            return self._translit[called]
        if "/" in called:
            return None
        for device, style in self._translit.items():
            if (self._extension_of(f"{device}-") or device.rpartition("/")[2]) == exten:
                return style
        return None
