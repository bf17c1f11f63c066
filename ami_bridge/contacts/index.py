"""Numbers of one generation of address books and whose they are, small enough to keep a town in memory. Pure."""

from array import array
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from ami_bridge.contacts.model import LONGEST_NAME, MOST_NAMES, Contact, Name, StemRule, clean

SHOWN_TOGETHER = 2
"""How many names stand side by side before the rest is counted: `A / B (+3)`."""
MOST_TOGETHER = 99  # a number that everybody has says nothing; and comparing all with all must end
LONGEST_DIRECT = 5
"""Most digits of an extension behind a stem."""
LONGEST_DIRECT_NUMBER = 10**15
"""With the country code; German numbers have up to 13 digits behind it."""

KINDS = ("work", "home", "mobile", "fax", "pager", "assistant", "other")
KIND_CODES = {kind: code for code, kind in enumerate(KINDS)}
OTHER = KIND_CODES["other"]
ASSISTANT = KIND_CODES["assistant"]
_NO_STEM_KINDS = frozenset({KIND_CODES["home"], KIND_CODES["mobile"], KIND_CODES["pager"], ASSISTANT})
KIND_BITS = 3
_MASK = (1 << KIND_BITS) - 1


def is_no_stem(hit: int) -> bool:
    """Tell a kind of number that never stands for a house: home, mobile, pager, assistant."""
    return hit & _MASK in _NO_STEM_KINDS


class _House(Struct, frozen=True):
    """Who may be behind a number that begins so."""

    sure: bool
    places: tuple[int, ...]


class Index:
    """The names of one scope; built aside, piece by piece, then given to the Directory.

    A hit is an int: the place of the contact and, in the lowest bits, the kind of the number. Where several have a
    number, a negative int says which list of hits it is.
    """

    def __init__(self) -> None:
        self._names: list[str] = []
        self._orgs: list[str | None] = []
        self._sources: list[str] = []
        self._ids = array("q")
        self._hits: dict[int, int] = {}
        self._short: dict[str, int] = {}
        self._several: list[list[int]] = []
        self._stems: dict[int, _House] = {}
        self._bases: dict[tuple[int, str], int] = {}
        self._known_orgs: dict[str, str] = {}

    def add(self, contact: Contact, source: str) -> None:
        """Take in one contact; books of higher priority are to come first."""
        org = clean(contact.org)
        shown = clean(contact.name) or org
        if not shown or not contact.numbers:
            return
        first = self.entries([contact.id], [shown], [org], source)
        for number in contact.numbers:
            hit = first | KIND_CODES.get(number.kind, OTHER)
            if number.e164:
                self.numbers([int(number.e164)], [hit], 0)
                if number.stem:
                    self.stem(number.stem, hit, number.rule)
            elif number.exten:
                self.short(number.exten, hit)

    def entries(self, ids: Iterable[int], names: Sequence[str], orgs: Iterable[str], source: str) -> int:
        """Take in contacts whose words are clean; returns the hit of the first, to be added to those of the others."""
        first = len(self._names) << KIND_BITS
        self._names += names
        self._ids.extend(ids)
        self._sources += [source] * len(names)
        known = self._known_orgs
        self._orgs += [known.setdefault(org, org) if org else None for org in orgs]
        return first

    def numbers(self, keys: Iterable[int], hits: Iterable[int], first: int) -> None:
        """Take in outside numbers."""
        known = self._hits
        for key, hit in zip(keys, hits, strict=True):
            here = hit + first
            before = known.setdefault(key, here)
            if before != here:
                known[key] = self._joined(before, here)

    def short(self, key: str, hit: int) -> None:
        """Take in an internal or short number."""
        if (before := self._short.setdefault(key, hit)) != hit:
            self._short[key] = self._joined(before, hit)

    def stem(self, stem: int, hit: int, rule: StemRule) -> None:
        """Take in what direct-dial numbers of a house begin with.

        Never of a private person: a stranger's number may begin like theirs.
        """
        place = hit >> KIND_BITS
        org = self._orgs[place]
        if org is None or is_no_stem(hit):
            return
        if rule == "head":
            self._take_stem(stem, place, sure=True)
        elif rule == "extension":
            first = self._bases.setdefault((stem, org.casefold()), place)
            if first != place:  # two of the same house
                self._take_stem(stem, place, sure=True)
        else:
            self._take_stem(stem, place, sure=False)

    def settle(self) -> None:
        """Drop what only building needs."""
        self._bases = {}
        self._known_orgs = {}

    def __len__(self) -> int:
        return len(self._hits) + len(self._short)

    def find(self, key: int) -> Name | None:
        """Whose outside number this is, exactly."""
        hit = self._hits.get(key)
        if hit is None:
            return None
        if hit < 0:
            return self._together(self._several[-hit - 1])
        # The same as `_name`, written out: this is asked more than anything else.
        place = hit >> KIND_BITS
        name = self._names[place]
        ident = self._ids[place]
        ref = str(ident) if ident else None
        return Name(
            name=name,
            org=self._orgs[place],
            source=self._sources[place],
            kind=KINDS[hit & _MASK],
            names=(name,),
            refs=(ref,) if ref else (),
            ref=ref,
        )

    def find_short(self, key: str) -> Name | None:
        """Whose internal number this is."""
        hit = self._short.get(key)
        if hit is None:
            return None
        return self._name(hit) if hit >= 0 else self._together(self._several[-hit - 1])

    def find_stem(self, key: int) -> tuple[int, Name] | None:
        """Which house a direct-dial number belongs to, and how many digits the extension has; the longest stem wins."""
        if key >= LONGEST_DIRECT_NUMBER:
            return None
        stem = key
        for digits in range(1, LONGEST_DIRECT + 1):
            stem //= 10
            if (house := self._stems.get(stem)) is not None:
                orgs = [self._orgs[place] or self._names[place] for place in house.places]
                ext = str(key)[-digits:]
                more = "?" if not house.sure else "" if ext == "0" else f" (Durchwahl {ext})"
                shown = side_by_side(orgs)[: LONGEST_NAME - len(more)].rstrip() + more
                first = house.places[0]
                name = Name(
                    name=shown,
                    org=orgs[0] if len(orgs) == 1 else None,
                    source=self._sources[first],
                    reason="stem" if house.sure else "head",
                    matches=len(orgs),
                    names=(shown,) if len(orgs) == 1 else tuple(orgs[:MOST_NAMES]),
                )
                return digits, name
        return None

    def contacts(self, key: int | str) -> list[Name]:
        """Everybody who has this number, each alone."""
        hit = self._hits.get(key) if isinstance(key, int) else self._short.get(key)
        if hit is None:
            return []
        hits = [hit] if hit >= 0 else self._several[-hit - 1]
        return [self._name(one) for one in self._ordered(hits)]

    def __iter__(self) -> Iterator[tuple[str, Name]]:
        """All numbers (E.164, or as the PBX knows them) with their names."""
        for key in self._hits:
            if name := self.find(key):
                yield f"+{key}", name
        for short in self._short:
            if name := self.find_short(short):
                yield short, name

    def _joined(self, first: int, hit: int) -> int:
        """Make a list of two hits, or add one to it; the same person in two books counts once."""
        hits = [first] if first >= 0 else self._several[-first - 1]
        if len(hits) >= MOST_TOGETHER:
            return first
        place = hit >> KIND_BITS
        who = self._who(place)
        for at, known in enumerate(hits):
            if known >> KIND_BITS == place or self._who(known >> KIND_BITS) == who:
                if known & _MASK == ASSISTANT and hit & _MASK != ASSISTANT:
                    hits[at] = known & ~_MASK | hit & _MASK
                    return hits[0] if first >= 0 else first
                return first
        hits.append(hit)
        if first >= 0:
            self._several.append(hits)
            return -len(self._several)
        return first

    def _take_stem(self, stem: int, place: int, *, sure: bool) -> None:
        """Keep a house with its stem; what is known for sure beats what may be."""
        known = self._stems.get(stem)
        if known is None or (sure and not known.sure):
            self._stems[stem] = _House(sure, (place,))
        elif (
            known.sure == sure
            and len(known.places) < MOST_TOGETHER
            and all(self._house(one) != self._house(place) for one in known.places)
        ):
            self._stems[stem] = _House(sure, (*known.places, place))

    def _house(self, place: int) -> str:
        """Tell houses apart."""
        return (self._orgs[place] or "").casefold()

    def _who(self, place: int) -> tuple[str, str]:
        """Tell people apart."""
        return self._names[place].casefold(), (self._orgs[place] or "").casefold()

    def _name(self, hit: int) -> Name:
        place = hit >> KIND_BITS
        name = self._names[place]
        ident = self._ids[place]
        ref = str(ident) if ident else None
        return Name(
            name=name,
            org=self._orgs[place],
            source=self._sources[place],
            kind=KINDS[hit & _MASK],
            names=(name,),
            refs=(ref,) if ref else (),
            ref=ref,
        )

    def _ordered(self, hits: list[int]) -> list[int]:
        return sorted(hits, key=lambda hit: hit & _MASK == ASSISTANT)

    def _together(self, hits: list[int]) -> Name:
        return together([self._name(hit) for hit in self._ordered(hits)])


def together(names: list[Name]) -> Name:
    """Make one name of several: the common organisation, else `A / B (+n)`."""
    first = names[0]
    if len(names) == 1:
        return first
    org = first.org if len({(name.org or "").casefold() for name in names}) == 1 else None
    return Name(
        name=org or side_by_side([name.name for name in names]),
        org=org,
        source=first.source,
        reason=first.reason,
        kind=first.kind if all(name.kind == first.kind for name in names) else None,
        matches=len(names),
        names=tuple(name.name for name in names[:MOST_NAMES]),
        refs=tuple(name.ref or "" for name in names[:MOST_NAMES]),
    )


def side_by_side(names: Sequence[str]) -> str:
    """Show the first names, and count the others."""
    more = f" (+{len(names) - SHOWN_TOGETHER})" if len(names) > SHOWN_TOGETHER else ""
    room = LONGEST_NAME - len(more)
    both = " / ".join(names[:SHOWN_TOGETHER])
    if len(both) > room:  # shorten the longer one, so that the second is still to be seen
        each = (room - 3) // SHOWN_TOGETHER
        both = " / ".join(name[:each].rstrip() for name in names[:SHOWN_TOGETHER])
    return both + more
