"""A German town's address book, spelled as people spell, and the calls that come in; nothing of the normaliser."""

import random
from dataclasses import dataclass, field

AREA = "9142"
ELSEWHERE = ("9141", "89", "30", "911", "7361")
MOBILE = ("151", "160", "171", "175", "179")
EN_DASH = "\N{EN DASH}"
DASHES = ("-", "-", "-", " - ", EN_DASH, "/", " / ")


@dataclass
class Line:
    """One telephone: where it is, and its extension if it is one of a house."""

    area: str
    local: str
    ext: str = ""

    @property
    def national(self) -> str:
        """Digits without the leading 0."""
        return self.area + self.local + self.ext


@dataclass
class Entry:
    """A card, and the telephones that are truly on it."""

    name: str
    org: str = ""
    fields: list[tuple[str, str]] = field(default_factory=list)

    def card(self, number: int) -> str:
        """Write it down."""
        lines = ["BEGIN:VCARD", "VERSION:3.0", f"UID:{number}"]
        lines += [f"FN:{self.name}"] if self.name else []
        lines += [f"ORG:{self.org}"] if self.org else []
        lines += [f"TEL;TYPE={kind}:{raw}" for kind, raw in self.fields]
        return "\r\n".join([*lines, "END:VCARD", ""])


@dataclass
class Call:
    """What the trunk shows, and what must stand on the display: one of these, or nothing."""

    shown: str
    expected: frozenset[str]


class Town:
    """Five thousand contacts, and everybody calls."""

    def __init__(self, seed: int, contacts: int = 5_000) -> None:
        self.lot = random.Random(seed)  # noqa: S311 - nothing secret
        self.entries: list[Entry] = []
        self.truth: dict[str, list[Entry]] = {}
        self.expected: dict[str, frozenset[str]] = {}
        self._taken: set[tuple[str, str]] = set()
        while len(self.entries) < contacts:
            self._house() if self.lot.random() < 0.04 else self._person()

    def calls(self) -> list[Call]:
        """Let every known telephone call, extensions that nobody wrote down, and strangers with similar numbers."""
        found = [Call(self._shown(number), self._names(number)) for number in self.truth]
        found += [Call(self._shown(number), names) for number, names in self.expected.items()]
        houses = tuple(area + local for area, local in self._taken if len(local) <= 4)
        for number in list(self.truth):
            if number in self.expected:
                continue
            near = number[:-1] + str((int(number[-1]) + 1) % 10)
            if near not in self.truth and near not in self.expected and not near.startswith(houses):
                found.append(Call(self._shown(near), frozenset()))
        return found

    def _names(self, number: str) -> frozenset[str]:
        entries = list({entry.name or entry.org: entry for entry in self.truth[number]}.values())
        names = [entry.name or entry.org for entry in entries]
        if len(names) == 1:
            return frozenset(names)
        if len({entry.org for entry in entries}) == 1 and entries[0].org:
            return frozenset([entries[0].org])
        more = f" (+{len(names) - 2})" if len(names) > 2 else ""
        return frozenset(f"{one} / {two}{more}" for one in names for two in names if one != two)

    def _local(self, area: str, first: str, digits: int) -> str:
        """Give a number that nobody has."""
        while True:
            local = self.lot.choice(first) + "".join(self.lot.choice("0123456789") for _ in range(digits - 1))
            if (area, local) not in self._taken:
                self._taken.add((area, local))
                return local

    def _person(self) -> None:
        lot = self.lot
        entry = Entry(f"{lot.choice(['Erika', 'Jürgen', 'Ayşe', 'Max', 'Zoë'])} Mustermann{len(self.entries)}")
        if lot.random() < 0.8:
            area = AREA if lot.random() < 0.7 else lot.choice(ELSEWHERE)
            self._write(entry, "HOME", Line(area, self._local(area, "23456", lot.choice([5, 6, 7]))))
        if lot.random() < 0.6 or not entry.fields:
            code = lot.choice(MOBILE)
            self._write(entry, "CELL", Line(code, self._local(code, "123456789", 7 if code > "169" else 8)))
        if lot.random() < 0.05:  # two in one field
            one, two = (Line(code, self._local(code, "123456789", 7)) for code in ("171", "175"))
            entry.fields.append(
                ("CELL", f"{self._spelled(one)}{lot.choice([' oder ', ', ', ' u. ', ' bzw. '])}{self._spelled(two)}")
            )
            for line in (one, two):
                self.truth.setdefault(line.national, []).append(entry)
        self.entries.append(entry)

    def _house(self) -> None:
        lot = self.lot
        area = AREA if lot.random() < 0.6 else lot.choice(ELSEWHERE)
        org = f"{lot.choice(['Stadtwerke', 'Bäckerei', 'Kanzlei', 'Amt'])} {len(self.entries)}"
        head = self._local(area, "89", 4)
        company = Entry("" if lot.random() < 0.5 else org, org)
        sure = lot.random() < 0.7
        raw = (
            self._spelled(Line(area, head)) + lot.choice(["-0", "/0", " - 0"])
            if sure
            else self._spelled(Line(area, head))
        )
        company.fields.append(("WORK", self._adorned(raw)))
        self.truth.setdefault(area + head + ("0" if sure else ""), []).append(company)
        self.entries.append(company)
        for ext in lot.sample(range(10, 99), lot.randrange(6)):
            worker = Entry(f"Kollege{len(self.entries)} {lot.choice(['Huber', 'Maier'])}", org)
            self._write(worker, "WORK", Line(area, head, str(ext)))
            self.entries.append(worker)
        other = str(lot.randrange(100, 999))
        if area + head + other[:2] not in self.truth:
            self.expected[area + head + other] = frozenset([f"{org} (Durchwahl {other})", f"{org}?"])

    def _write(self, entry: Entry, kind: str, line: Line) -> None:
        text = self._with_extension(line) if line.ext else self._spelled(line)
        entry.fields.append((kind, self._adorned(text)))
        self.truth.setdefault(line.national, []).append(entry)

    def _with_extension(self, line: Line) -> str:
        lot = self.lot
        begin = self._spelled(Line(line.area, line.local))
        return begin + lot.choice(
            [f"{lot.choice(('-', ' - ', EN_DASH))}{line.ext}", f" App. {line.ext}", f" DW {line.ext}", f"-{line.ext}"]
        )

    def _spelled(self, line: Line) -> str:
        """Spell a number in one of the ways found in real books."""
        lot = self.lot
        local = self._grouped(line.local)
        between = lot.choice((*DASHES, " ", " ", " ", ""))
        begin = lot.choice([
            f"0{line.area}{between}", f"0{line.area}{between}", f"(0{line.area}) ", f"+49 {line.area}{between}",
            f"+49 (0) {line.area}{between}", f"+49(0){line.area}{between}", f"0049 {line.area}{between}",
            f"+49-{line.area}-", f"\u00a00{line.area}\u00a0",
            f"0 {line.area[:2]} {line.area[2:]} / " if len(line.area) == 4 else f"0{line.area} ",
        ])  # fmt: skip
        if line.area == AREA and lot.random() < 0.15:
            begin = ""
        elif lot.random() < 0.02:
            begin = f"0 0{line.area} "  # with the outside line
        return begin + local

    def _adorned(self, text: str) -> str:
        """Write around a number what people write."""
        around = [f"Tel. {text}", f"{text} (privat)", f"tel:{text}", f"{text} ", f"Tel.: {text}", f"{text}\u00a0"]
        return self.lot.choice([text] * 12 + around)

    def _grouped(self, local: str) -> str:
        if len(local) <= 4:
            return local
        how = self.lot.randrange(6)
        if how == 0:
            return " ".join(local[at : at + 2] for at in range(0, len(local), 2))
        if how == 1:
            return " ".join(local[at : at + 3] for at in range(0, len(local), 3))
        return local

    def _shown(self, national: str) -> str:
        """Show a number as trunks do."""
        ways = [f"+49{national}", f"0{national}", f"0049{national}", f"49{national}"]
        return self.lot.choice(ways)
