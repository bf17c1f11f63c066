"""Numbers of one generation of address books and whose they are, small enough to keep a town in memory. Pure."""

from array import array
from collections.abc import Iterator

from ami_bridge.contacts.model import LONGEST_NAME, MOST_NAMES, Contact, Name, clean

SHOWN_TOGETHER = 2
"""How many names stand side by side before the rest is counted: `A / B (+3)`."""
MOST_TOGETHER = 99  # a number that everybody has says nothing; and comparing all with all must end
LONGEST_DIRECT = 5
"""Most digits of an extension behind a stem."""
LONGEST_NATIONAL = 13
OPEN_PLANS = {"49": 2, "43": 2, "35": 3}
"""Where extensions are dialled behind the head number; 35 stands for 352 and 358."""

KINDS = ("work", "home", "mobile", "fax", "pager", "assistant", "other")
KIND_CODES = {kind: code for code, kind in enumerate(KINDS)}
OTHER = KIND_CODES["other"]
ASSISTANT = KIND_CODES["assistant"]
_NO_STEM_KINDS = frozenset({KIND_CODES["home"], KIND_CODES["mobile"], KIND_CODES["pager"], ASSISTANT})
_BITS = 3
_MASK = (1 << _BITS) - 1


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
        self._stems: dict[int, int] = {}
        self._possible: dict[int, int] = {}
        self._bases: dict[tuple[int, str], int] = {}
        self._known_orgs: dict[str, str] = {}

    def add(self, contact: Contact, source: str) -> None:
        """Take in one contact; books of higher priority are to come first."""
        if not contact.numbers:
            return
        org = clean(contact.org)
        shown = clean(contact.name) or org
        if not shown:
            return
        place = self.entry(contact.id, shown, org, source)
        for number in contact.numbers:
            kind = KIND_CODES.get(number.kind, OTHER)
            if number.e164:
                self.number(int(number.e164), place, kind)
                if number.stem:
                    self.stem(number.stem, number.rule, place, kind, company=contact.company)
            elif number.exten:
                self.short(number.exten, place, kind)

    def entry(self, ident: int, name: str, org: str, source: str) -> int:
        """Take in a contact whose words are clean; returns its place."""
        place = len(self._names)
        self._names.append(name)
        self._orgs.append(self._known_orgs.setdefault(org, org) if org else None)
        self._sources.append(source)
        self._ids.append(ident)
        return place

    def number(self, key: int, place: int, kind: int) -> None:
        """Take in an outside number of a contact."""
        hit = place << _BITS | kind
        if (first := self._hits.setdefault(key, hit)) != hit:
            self._hits[key] = self._joined(first, hit)

    def short(self, key: str, place: int, kind: int) -> None:
        """Take in an internal or short number of a contact."""
        hit = place << _BITS | kind
        if (first := self._short.setdefault(key, hit)) != hit:
            self._short[key] = self._joined(first, hit)

    def stem(self, stem: int, rule: str, place: int, kind: int, *, company: bool) -> None:
        """Take in what direct-dial numbers of a house begin with.

        Never of a private person: a stranger's number may begin like theirs.
        """
        org = self._orgs[place]
        if org is None or kind in _NO_STEM_KINDS:
            return
        if rule == "head":
            self._take_stem(self._stems, stem, place)
        elif rule == "extension":
            first = self._bases.setdefault((stem, org.casefold()), place)
            if first != place:  # two of the same house
                self._take_stem(self._stems, stem, first)
        elif company:
            self._take_stem(self._possible, stem, place)

    def __len__(self) -> int:
        return len(self._hits) + len(self._short)

    def find(self, key: int) -> Name | None:
        """Whose outside number this is, exactly."""
        hit = self._hits.get(key)
        if hit is None:
            return None
        return self._name(hit) if hit >= 0 else self._together(self._several[-hit - 1])

    def find_short(self, key: str) -> Name | None:
        """Whose internal number this is."""
        hit = self._short.get(key)
        if hit is None:
            return None
        return self._name(hit) if hit >= 0 else self._together(self._several[-hit - 1])

    def find_stem(self, key: int) -> tuple[int, Name] | None:
        """Which house a direct-dial number belongs to, and how many digits the extension has; the longest stem wins."""
        stem, scale = key, 1
        for digits in range(1, LONGEST_DIRECT + 1):
            stem, scale = stem // 10, scale * 10
            place = self._stems.get(stem)
            if place is not None:
                org = self._orgs[place] or self._names[place]
                more = f" (Durchwahl {key % scale:0{digits}d})"
                return digits, self._of_house(place, org[: LONGEST_NAME - len(more)].rstrip() + more, "stem")
            place = self._possible.get(stem)
            if place is not None:
                org = self._orgs[place] or self._names[place]
                return digits, self._of_house(place, org[: LONGEST_NAME - 1].rstrip() + "?", "head")
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
        place = hit >> _BITS
        who = self._who(place)
        for at, known in enumerate(hits):
            if known >> _BITS == place or self._who(known >> _BITS) == who:
                if known & _MASK == ASSISTANT and hit & _MASK != ASSISTANT:
                    hits[at] = known & ~_MASK | hit & _MASK
                    return hits[0] if first >= 0 else first
                return first
        if len(hits) < MOST_TOGETHER:
            hits.append(hit)
        if first >= 0:
            self._several.append(hits)
            return -len(self._several)
        return first

    def _take_stem(self, stems: dict[int, int], stem: int, place: int) -> None:
        """Keep the first house with a stem; books of higher priority came first."""
        stems.setdefault(stem, place)

    def _of_house(self, place: int, shown: str, reason: str) -> Name:
        return Name(
            name=shown,
            org=self._orgs[place],
            source=self._sources[place],
            reason="stem" if reason == "stem" else "head",
            names=(shown,),
        )

    def _who(self, place: int) -> tuple[str, str]:
        """Tell people apart."""
        return self._names[place].casefold(), (self._orgs[place] or "").casefold()

    def _name(self, hit: int) -> Name:
        place = hit >> _BITS
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
        name=org or _side_by_side([name.name for name in names]),
        org=org,
        source=first.source,
        reason=first.reason,
        kind=first.kind if all(name.kind == first.kind for name in names) else None,
        matches=len(names),
        names=tuple(name.name for name in names[:MOST_NAMES]),
        refs=tuple(name.ref or "" for name in names[:MOST_NAMES]),
    )


def _side_by_side(names: list[str]) -> str:
    more = f" (+{len(names) - SHOWN_TOGETHER})" if len(names) > SHOWN_TOGETHER else ""
    room = LONGEST_NAME - len(more)
    both = " / ".join(names[:SHOWN_TOGETHER])
    if len(both) > room:  # shorten the longer one, so that the second is still to be seen
        each = (room - 3) // SHOWN_TOGETHER
        both = " / ".join(name[:each].rstrip() for name in names[:SHOWN_TOGETHER])
    return both + more
