"""Number to name, for this callee, from memory. Pure."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from ami_bridge.contacts.model import LONGEST_NAME, Contact, Name, clean
from ami_bridge.numbers import Number
from ami_bridge.people.model import Person

SHOWN_TOGETHER = 2
"""How many names stand side by side before the rest is counted: `A / B (+3)`."""


MOST_TOGETHER = 99  # a number that everybody has says nothing; and comparing all with all must end


class _Hit(Struct, frozen=True):
    """One contact that has a number."""

    name: Name
    assistant: bool
    """The number is of somebody's assistant, so others come first."""


class Index:
    """The names of one generation of address books; built aside, piece by piece, then given to the Directory."""

    def __init__(self) -> None:
        self.names: dict[str, Name] = {}
        self._hits: dict[str, list[_Hit]] = {}

    def add(self, contact: Contact, source: str) -> None:
        """Take in one contact; books of higher priority are to come first."""
        org = clean(contact.org)
        shown = clean(contact.name) or org
        if not shown:
            return
        name = Name(name=shown, org=org or None, source=source)
        for number in contact.numbers:
            if not (key := number.key):
                continue
            first = self.names.setdefault(key, name)
            if first is name and number.kind != "assistant":
                continue
            hit = _Hit(name, number.kind == "assistant")
            hits = self._hits.setdefault(key, [] if first is name else [_Hit(first, assistant=False)])
            if len(hits) < MOST_TOGETHER and all(_who(hit.name) != _who(known.name) for known in hits):
                hits.append(hit)
                self.names[key] = _together(hits)


class Directory:
    """Everybody whose number we know; refilled after each look at the address books."""

    def __init__(self, lines: Mapping[str, str] | None = None, *, own: str = "") -> None:
        """Begin with the labels of extensions that are no person's (`lines`); `own` is the source shown for them."""
        self._own = clean(own)
        self._lines = {
            exten: Name(name=label, source=self._own, reason="extension")
            for exten, text in (lines or {}).items()
            if (label := clean(text))
        }
        self._extensions: dict[str, Name] = dict(self._lines)
        self._shared: dict[str, Name] = {}

    def lookup(self, number: Number | None, callee: str | None = None) -> Name | None:  # noqa: ARG002
        """Whose number this is, as far as `callee` (an extension) may know; our own extensions come first."""
        if number is None:
            return None
        exten = number.exten
        if exten is not None and (own := self._extensions.get(exten)) is not None:
            return own
        return self._shared.get(number.e164 or exten or "")

    def replace(self, index: Index) -> None:
        """Answer from this generation of the shared books from now on."""
        self._shared = index.names

    def replace_people(self, persons: Iterable[Person]) -> None:
        """Answer with these persons for their extensions from now on."""
        hits: dict[str, list[_Hit]] = {}
        for person in persons:
            if shown := clean(person.name) or clean(person.login):
                department = clean(person.department) or None
                name = Name(name=shown, org=department, source=self._own, reason="extension")
                for exten in dict.fromkeys(person.extensions):
                    hits.setdefault(exten, []).append(_Hit(name, assistant=False))
        self._extensions = self._lines | {exten: _together(several) for exten, several in hits.items()}

    def __len__(self) -> int:
        return len(self._shared) + len(self._extensions)


def _who(name: Name) -> tuple[str, str]:
    """Tell people apart: the same person in two books counts once."""
    return name.name.casefold(), (name.org or "").casefold()


def _together(hits: list[_Hit]) -> Name:
    """Make one name of several: the common organisation, else `A / B (+n)`."""
    hits = sorted(hits, key=lambda hit: hit.assistant)
    first = hits[0].name
    if len(hits) == 1:
        return first
    orgs = {(hit.name.org or "").casefold() for hit in hits}
    org = first.org if len(orgs) == 1 else None
    shown = org or _side_by_side([hit.name.name for hit in hits])
    return Name(name=shown, org=org, source=first.source, reason=first.reason, matches=len(hits))


def _side_by_side(names: list[str]) -> str:
    more = f" (+{len(names) - SHOWN_TOGETHER})" if len(names) > SHOWN_TOGETHER else ""
    room = LONGEST_NAME - len(more)
    both = " / ".join(names[:SHOWN_TOGETHER])
    if len(both) > room:  # shorten the longer one, so that the second is still to be seen
        each = (room - 3) // SHOWN_TOGETHER
        both = " / ".join(name[:each].rstrip() for name in names[:SHOWN_TOGETHER])
    return both + more
