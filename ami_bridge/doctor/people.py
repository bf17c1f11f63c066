"""People and their telephones: who has none, which have nobody; and whether the numbers of the site are plausible."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import phonenumbers

from ami_bridge.asterisk import moves, probes, translate
from ami_bridge.config import Config
from ami_bridge.doctor.model import Finding, Kind, Words, listed
from ami_bridge.doctor.visit import Visit
from ami_bridge.people.model import Person
from ami_bridge.rooms.pins import ranges_of

NOBODY = Kind(
    code="people.nobody",
    severity="error",
    what=Words(
        "Es ist niemand bekannt, der hier arbeitet: niemand kann sich anmelden.",
        "Nobody is known who works here: nobody can sign in.",
    ),
    do=Words(
        "[people] prüfen: «book» muss das Adressbuch mit den Beschäftigten nennen, oder «source» LDAP oder eine Datei.",
        "Look at [people]: “book” must name the address book with the staff, or “source” LDAP or a file.",
    ),
)
NO_EXTENSION = Kind(
    code="people.no_extension",
    severity="warning",
    what=Words("Ohne Nebenstelle, also ohne Anrufe: {who}.", "Without an extension, so without calls: {who}."),
    do=Words(
        "In der Groupware die dienstliche Nummer eintragen (Durchwahl des eigenen Rufnummernblocks), oder "
        "[people.extensions].",
        "Enter their work number in the groupware (of the site's own block), or [people.extensions].",
    ),
)
NO_DEVICE = Kind(
    code="people.no_device",
    severity="warning",
    what=Words(
        "Nebenstellen ohne Telefon in der Anlage: {which}.", "Extensions without a telephone at the PBX: {which}."
    ),
    do=Words(
        "Im Kontext [{context}] je Nebenstelle einen Hint schreiben: «exten => {first},hint,PJSIP/{first}».",
        "Write a hint for each extension in the context [{context}]: “exten => {first},hint,PJSIP/{first}”.",
    ),
)
NO_PERSON = Kind(
    code="people.no_person",
    severity="warning",
    what=Words(
        "Telefone in der Anlage, die niemandem gehören: {which}.", "Telephones at the PBX that are nobody's: {which}."
    ),
    do=Words(
        "Die Nummer einer Person geben, als Arbeitsplatz ([[seat]]) einrichten, oder in pbx.lines benennen.",
        "Give the number to a person, make it a seat ([[seat]]), or name it in pbx.lines.",
    ),
)
NO_ADMIN = Kind(
    code="people.no_admin",
    severity="warning",
    what=Words(
        "Niemand hat die Rolle admin: diese Seite sieht niemand.", "Nobody has the role admin: nobody sees this page."
    ),
    do=Words("In [people.roles] jemandem «admin» geben.", "Give somebody “admin” in [people.roles]."),
)
PEOPLE_FINE = Kind(
    code="people.fine",
    severity="ok",
    what=Words(
        "{count} Personen sind bekannt, und ihre Telefone auch.",
        "{count} people are known, and so are their telephones.",
    ),
)
BLOCK = Kind(
    code="numbers.block_wrong",
    severity="error",
    what=Words(
        "[site.own_block] {prefix} mit {digits} Ziffern ergibt keine mögliche Rufnummer.",
        "[site.own_block] {prefix} with {digits} digits makes no possible telephone number.",
    ),
    do=Words(
        "Den Kopf der eigenen Rufnummern mit +, Land und Ortsnetz ohne 0 schreiben, und wie viele Ziffern folgen.",
        "Write the beginning of your own numbers with +, country, area without 0, and how many digits follow.",
    ),
)
AREA = Kind(
    code="numbers.area_differs",
    severity="warning",
    what=Words(
        "[site.area_code] {area} passt nicht zu [site.own_block] {prefix}.",
        "[site.area_code] {area} does not fit [site.own_block] {prefix}.",
    ),
    do=Words("Eines von beiden ist falsch; siehe Telefonrechnung.", "One of them is wrong; see the telephone bill."),
)
LENGTH = Kind(
    code="numbers.length_differs",
    severity="warning",
    what=Words(
        "Nebenstellen mit anderer Länge als die {digits} Ziffern von [site.own_block]: {which}.",
        "Extensions of another length than the {digits} digits of [site.own_block]: {which}.",
    ),
    do=Words(
        "Stimmt «digits»? Diese Nebenstellen gelten als von außen nicht durchwählbar.",
        "Is “digits” right? These extensions count as not reachable from outside.",
    ),
)
NO_WAY_OUT = Kind(
    code="numbers.no_way_out",
    severity="warning",
    what=Words(
        "Der Kontext {context} kennt keinen Weg zu {keys}: nach draußen lässt sich so nicht wählen.",
        "The context {context} knows no way to {keys}: nobody can dial to outside like that.",
    ),
    do=Words(
        "Stimmt [site.outside_line] (jetzt «{line}»)? Sonst im Wählplan einen Weg nach draußen einrichten.",
        "Is [site.outside_line] right (now “{line}”)? Else make a way to outside in the dialplan.",
    ),
)
ROOMS = Kind(
    code="rooms.unreachable",
    severity="error",
    what=Words(
        "Die Raumnummern {which} kennt der Wählplan im Kontext {context} nicht.",
        "The dialplan does not know the room numbers {which} in the context {context}.",
    ),
    do=Words(
        "Dort «exten => _8XXX,1,Goto(conf-entry,${{EXTEN}},1)» einrichten, passend zu [rooms.numbers].",
        "Write “exten => _8XXX,1,Goto(conf-entry,${{EXTEN}},1)” there, fitting [rooms.numbers].",
    ),
)
COLLIDES = Kind(
    code="rooms.collide",
    severity="error",
    what=Words("Nebenstellen liegen in [rooms.numbers]: {which}.", "Extensions lie within [rooms.numbers]: {which}."),
    do=Words("Den Räumen andere Nummern geben.", "Give the rooms other numbers."),
)
NUMBERS_FINE = Kind(
    code="numbers.fine",
    severity="ok",
    what=Words("Die Nummern der Konfiguration passen zum Wählplan.", "The configured numbers fit the dialplan."),
)


class Staff:
    """Looks at people, hints and numbers."""

    def __init__(self, config: Config, *, people: Callable[[], Iterable[Person]]) -> None:
        self._config = config
        self._people = people

    async def people(self, visit: Visit) -> list[Finding]:
        """Compare people with telephones."""
        persons = list(self._people())
        found = list(judge_people(persons))
        if persons and not visit.trouble:
            hints = translate.hints(await visit.items(probes.hints()), self._config.pbx[0].hints)
            found += self._telephones(persons, hints)
        return found or [PEOPLE_FINE(count=len(persons))]

    def _telephones(self, persons: Sequence[Person], hints: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
        wanted = sorted({exten for person in persons for exten in person.extensions})
        if without := [exten for exten in wanted if not hints.get(exten)]:
            yield NO_DEVICE(which=listed(without), first=without[0], context=self._config.pbx[0].hints)
        known = {*wanted, *self._config.pbx[0].lines, *(seat.extension for seat in self._config.seat)}
        if nobodys := sorted(exten for exten, devices in hints.items() if devices and exten not in known):
            yield NO_PERSON(which=listed(nobodys))

    async def numbers(self, visit: Visit) -> list[Finding]:
        """Compare the numbers of the configuration with one another and with the dialplan."""
        extensions = sorted({exten for person in self._people() for exten in person.extensions})
        found = list(judge_site(self._config, extensions))
        if not visit.trouble:
            found += await self._ways(visit)
        return found or [NUMBERS_FINE()]

    async def _ways(self, visit: Visit) -> list[Finding]:
        context = (await visit.ask(probes.value_of("BRIDGE_DIAL"))).get("Value", "")
        if not moves.is_context(context):
            return []  # told by the look at the dialplan
        found = []
        keys = a_way_out(self._config)
        if keys and not await visit.has(moves.dialled_in(context, keys)):
            found.append(NO_WAY_OUT(context=context, keys=keys, line=self._config.site.outside_line))
        ends = [str(one) for some in ranges_of_rooms(self._config) for one in {some[0], some[-1]}]
        if lost := [one for one in sorted(ends) if not await visit.has(moves.dialled_in(context, one))]:
            found.append(ROOMS(context=context, which=listed(lost)))
        return found


def judge_people(persons: Sequence[Person]) -> Iterator[Finding]:
    """Judge who is known."""
    if not persons:
        yield NOBODY()
        return
    if without := [person.login for person in persons if not person.extensions]:
        yield NO_EXTENSION(who=listed(sorted(without)))
    if not any("admin" in person.roles for person in persons):
        yield NO_ADMIN()


def judge_site(config: Config, extensions: Sequence[str]) -> Iterator[Finding]:
    """Judge numbers against one another."""
    site, block = config.site, config.site.own_block
    if block is not None:
        if not _possible(block.prefix + "1" * block.digits):
            yield BLOCK(prefix=block.prefix, digits=block.digits)
        area = site.area_code.lstrip("0")
        home = f"+{phonenumbers.country_code_for_region(site.country.upper())}"
        if area and not block.prefix.startswith(home + area):
            yield AREA(area=site.area_code, prefix=block.prefix)
        if others := [one for one in extensions if one.isdigit() and len(one) != block.digits]:
            yield LENGTH(digits=block.digits, which=listed(others))
    if within := [
        one for one in extensions if one.isdigit() and any(int(one) in some for some in ranges_of_rooms(config))
    ]:
        yield COLLIDES(which=listed(within))


def a_way_out(config: Config) -> str:
    """Return what somebody presses to call a fixed line of the country, which need not exist."""
    example = phonenumbers.example_number(config.site.country.upper())
    if example is None:
        return ""
    zero = phonenumbers.ndd_prefix_for_region(config.site.country.upper(), strip_non_digits=True) or ""
    line = config.site.outside_line if config.site.outside_line.isdigit() else ""
    return f"{line}{zero}{phonenumbers.national_significant_number(example)}"


def ranges_of_rooms(config: Config) -> list[range]:
    """Return the numbers of rooms; they were checked with the configuration."""
    return ranges_of(config.rooms.numbers) if config.rooms.numbers else []


def _possible(number: str) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False
