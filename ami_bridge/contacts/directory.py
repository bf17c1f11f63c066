"""Number to name, for this reader, from memory. Pure."""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, structs

from ami_bridge.contacts.index import Index, together
from ami_bridge.contacts.model import Name, clean
from ami_bridge.numbers import Number
from ami_bridge.people.model import Person

__all__ = ["ANYBODY", "SHARED", "Audience", "Directory", "Explanation", "Index", "Step", "audience_of"]

SHARED = "shared"
MOST_ASKED = 16_384


class Audience(Struct, frozen=True):
    """For whom a name is looked up: whose groups, whose own books. Nobody in particular knows shared names only."""

    groups: tuple[str, ...] = ()
    owner: str | None = None


ANYBODY = Audience()


def audience_of(person: Person) -> Audience:
    """For this person's own eyes."""
    return Audience(groups=person.groups, owner=person.login)


class Step(Struct, frozen=True, kw_only=True):
    """One place that was asked on the way to a name."""

    place: str
    """`extensions`, a scope of books, or `direct dialling in` such a scope."""
    found: tuple[Name, ...] = ()
    """Everybody found there, each alone."""


class Explanation(Struct, frozen=True, kw_only=True):
    """How a name was found: every place in the order asked, and what came of it."""

    name: Name | None
    steps: tuple[Step, ...] = ()


class Directory:
    """Everybody whose number we know; refilled after each look at the address books."""

    def __init__(self, lines: Mapping[str, str] | None = None, *, own: str = "") -> None:
        """Begin with the labels of extensions that are no person's (`lines`); `own` is the source shown for them."""
        self._own = clean(own)
        self._lines = {
            exten: Name(name=label, source=self._own, reason="extension", names=(label,))
            for exten, text in (lines or {}).items()
            if (label := clean(text))
        }
        self._extensions: dict[str, Name] = dict(self._lines)
        self._seated: dict[str, Name] = {}
        self._scopes: dict[str, Index] = {SHARED: Index()}
        self._shared = self._scopes[SHARED]
        self._asked: dict[str, Name] = {}
        """Shared names that were asked for since the last look at the books."""
        self._choices: dict[tuple[str, str], str] = {}

    def lookup(self, number: Number | None, audience: Audience = ANYBODY) -> Name | None:
        """Whose number this is, as far as this audience may know.

        Our own extensions come first, then the owner's books, the groups', the shared ones, direct dialling last.
        """
        if number is None:
            return None
        exten = number.exten
        if exten is not None and (own := self._seated.get(exten) or self._extensions.get(exten)) is not None:
            return own
        if audience is not ANYBODY:
            return self._for(number, audience)
        e164 = number.e164
        if e164 is None:
            return self._exact(self._shared, number)
        if (found := self._asked.get(e164)) is not None:  # most who call have called before
            return found
        found = self._shared.find(int(e164)) or self._direct((self._shared,), number)
        if found is not None and len(self._asked) < MOST_ASKED:
            self._asked[e164] = found
        return found

    def explain(self, number: Number | None, audience: Audience = ANYBODY) -> Explanation:
        """Say which places were asked for a number, in which order, and who was found in each."""
        if number is None:
            return Explanation(name=None)
        own = self._seated.get(number.exten) or self._extensions.get(number.exten) if number.exten else None
        steps = [Step(place="extensions", found=(own,) if own else ())] if number.exten else []
        named = [(name, self._scopes[name]) for name in self._names_of(audience)]
        key = int(number.e164) if number.e164 else number.exten or ""
        steps += [Step(place=place, found=tuple(index.contacts(key))) for place, index in named]
        for place, index in named:
            if stem := self._direct((index,), number):
                steps.append(Step(place=f"direct dialling in {place}", found=(stem,)))
        return Explanation(name=self.lookup(number, audience), steps=tuple(steps))

    def choose(self, login: str, key: str, choice: str | None) -> None:
        """Let somebody say who a number (its E.164, or exten) is to them, by `Name.ref`; None forgets the choice."""
        if choice is None:
            self._choices.pop((login, key), None)
        else:
            self._choices[login, key] = choice

    def choices(self, login: str) -> dict[str, str]:
        """Return what somebody has chosen, by number."""
        return {key: choice for (who, key), choice in self._choices.items() if who == login}

    def replace(self, index: Index, scope: str = SHARED) -> None:
        """Answer from this generation of a scope's books from now on."""
        self._scopes[scope] = index
        if scope == SHARED:
            self._shared = index
            self._asked = {}

    def drop(self, scope: str) -> None:
        """Forget everything in a scope, at once."""
        if scope == SHARED:
            self.replace(Index())
        else:
            self._scopes.pop(scope, None)

    def scopes(self) -> tuple[str, ...]:
        """Return the scopes that there are names for."""
        return tuple(self._scopes)

    def each(self, scope: str = SHARED) -> Iterator[tuple[str, Name]]:
        """All numbers in a scope's books (E.164, or as the PBX knows them) with their names."""
        return iter(self._scopes.get(scope, ()))

    def replace_people(self, persons: Iterable[Person]) -> None:
        """Answer with these persons for their extensions from now on."""
        hits: dict[str, list[Name]] = {}
        for person in persons:
            if name := self._name_of(person):
                for exten in dict.fromkeys(person.extensions):
                    hits.setdefault(exten, []).append(name)
        self._extensions = self._lines | {exten: together(several) for exten, several in hits.items()}

    def seat(self, seated: Mapping[str, Person]) -> None:
        """Answer with these persons for the extensions where they sit, whoever else has those."""
        self._seated = {exten: name for exten, person in seated.items() if (name := self._name_of(person))}

    def _name_of(self, person: Person) -> Name | None:
        """Return a colleague as a name."""
        shown = clean(person.name) or clean(person.login)
        if not shown:
            return None
        department = clean(person.department) or None
        return Name(name=shown, org=department, source=self._own, reason="extension", names=(shown,))

    def __len__(self) -> int:
        return sum(len(index) for index in self._scopes.values()) + len(self._extensions)

    def _names_of(self, audience: Audience) -> list[str]:
        """Return the scopes that this audience may know, the nearest first."""
        wanted = [f"owner:{audience.owner}"] if audience.owner else []
        wanted += [f"group:{group}" for group in audience.groups]
        return [scope for scope in dict.fromkeys([*wanted, SHARED]) if scope in self._scopes]

    def _for(self, number: Number, audience: Audience) -> Name | None:
        indexes = [self._scopes[scope] for scope in self._names_of(audience)]
        if audience.owner and self._choices:
            choice = self._choices.get((audience.owner, number.e164 or number.exten or ""))
            if choice is not None and (chosen := self._chosen(indexes, number, choice)):
                return chosen
        for index in indexes:
            if found := self._exact(index, number):
                return found
        return self._direct(indexes, number)

    @staticmethod
    def _exact(index: Index, number: Number) -> Name | None:
        if number.e164 is not None:
            return index.find(int(number.e164))
        return index.find_short(number.exten) if number.exten else None

    @staticmethod
    def _direct(indexes: Iterable[Index], number: Number) -> Name | None:
        """Find the house by what its direct-dial numbers begin with."""
        if number.e164 is None or number.exten is not None:
            return None
        key = int(number.e164)
        best: tuple[int, Name] | None = None
        for index in indexes:
            found = index.find_stem(key)
            if found is not None and (best is None or found[0] < best[0]):
                best = found
        return None if best is None else best[1]

    @staticmethod
    def _chosen(indexes: Iterable[Index], number: Number, choice: str) -> Name | None:
        key = int(number.e164) if number.e164 else number.exten or ""
        everybody = [name for index in indexes for name in index.contacts(key)]
        for name in everybody:
            if name.ref == choice:
                several = together(everybody)
                return structs.replace(
                    name, reason="choice", matches=several.matches, names=several.names, refs=several.refs
                )
        return None
