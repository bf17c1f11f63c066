"""The address books of Musterhausen: made-up people, numbers reserved for films, spelled as people spell them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from ami_bridge.demo.town import PEOPLE, PREFIX, Person

SHARED_CONTACTS = 200


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIVEN = _words(
    "Änne Björn Cem Dörte Emil Frauke Gülay Heiner Ilse Jörg Käthe Lütfi Maïté Nele Özlem Peer Quirin Ruth Søren Tülin "
    "Ute Volker Wiebke Xaver Yıldız Zoë Agnieszka Bülent Chloé Dagmar"  # noqa: RUF001 - a Turkish name
)
FAMILY = _words(
    "Ährenfeld Bäumler Çakır Döring Eßer Förster Größmann Hütter Iğdır Jäger Köhler "  # noqa: RUF001 - Turkish too
    "Löwe Müßig Nußbaum Österreich Prößdorf Quäck Röder Schäfer Türk Überall Vößing Wöhrl Xanten Yücel Zäncker Weiß "
    "Kowalczyk Lefèvre Sørensen"
)
COMPANIES = (
    "Bäckerei Krüstchen",
    "Stadtwerke Musterhausen GmbH",
    "Gärtnerei Grünzeug & Söhne",
    "Elektro Öhm",
    "Dachdeckerei Müßig",
    "Kreiskrankenhaus Musterhausen",
    'Gasthof "Zum Löwen"',
    "Rohr & Kanal; Notdienst",
    "Wasserverband Mühlbach",
    "Ingenieurbüro Größmann",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One card: its name in the collection and its text."""

    uid: str
    text: str


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def card(
    uid: str, name: str, tels: list[tuple[str, str]], *, org: str = "", unit: str = "", more: tuple[str, ...] = ()
) -> Card:
    """Write a card; `tels` are pairs of type and number as somebody typed it."""
    given, _, family = name.rpartition(" ")
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"UID:{uid}", f"FN:{_escaped(name)}"]
    lines += [f"N:{_escaped(family)};{_escaped(given)};;;"]
    if org:
        lines += [f"ORG:{_escaped(org)}" + (f";{_escaped(unit)}" if unit else "")]
    lines += [f"TEL;TYPE={kind}:{number}" for kind, number in tels]
    return Card(uid=uid, text="\r\n".join([*lines, *more, "END:VCARD", ""]))


def staff() -> list[Card]:
    """Return the staff book: who works in the town hall, with login and extension."""
    return [_colleague(person) for person in PEOPLE]


def _colleague(person: Person) -> Card:
    mail = f"{person.user}@musterhausen.example"
    return card(
        f"staff-{person.user}",
        person.name,
        [("WORK,VOICE", f"+49 89 99998-{person.extension}")],
        org="Musterhausen",
        unit=person.department,
        more=(f"EMAIL;TYPE=WORK:{mail}", f"X-AMI-BRIDGE-USER:{person.user}"),
    )


# How people write the same number; area without 0, then the rest.
SPELLINGS = (
    lambda area, rest: f"+49{area}{rest}",
    lambda area, rest: f"+49 {area} {rest}",
    lambda area, rest: f"+49 (0) {area} / {rest[:-2]} {rest[-2:]}",
    lambda area, rest: f"0049-{area}-{rest}",
    lambda area, rest: f"0{area}/{rest}",
    lambda area, rest: f"(0{area}) {rest[:-3]} {rest[-3:]}",
    lambda area, rest: f"0{area} {rest[:2]} {rest[2:4]} {rest[4:]}",
    lambda area, rest: f"0{area}.{rest[:-3]}.{rest[-3:]}",
    lambda area, rest: f"0{area}{rest} (privat)",
    lambda area, rest: f"tel:+49-{area}-{rest}",
)


def shared() -> list[Card]:
    """Return the shared book "Stadt": always the same 200 contacts."""
    cards = list(_known())
    # Predictable on purpose: a caller of yesterday's demo has the same name today.
    choose = random.Random(1848)  # noqa: S311
    companies = list(_companies(choose))
    cards += companies
    used, mobile = 100, 10
    while len(cards) < SHARED_CONTACTS:
        index = len(cards)
        name = f"{choose.choice(GIVEN)} {choose.choice(FAMILY)}"
        area, block = choose.choice((("30", "23125"), ("69", "90009")))
        tels = [("HOME", choose.choice(SPELLINGS)(area, f"{block}{used}"))]
        used += 1
        if index % 3 == 0:
            tels.append(("CELL", choose.choice(SPELLINGS)("171", f"39200{mobile}")))
            mobile += 1
        cards.append(card(f"stadt-{index:03d}", name, tels))
    return cards


def _known() -> Iterator[Card]:
    """Return the ones that README, demo and tests call by name."""
    yield card(
        "stadt-schroeder",
        "Sabine Schröder",
        [("WORK", "030 / 23125-001"), ("CELL", "0171 - 39200 01")],
        org="Bäckerei Schröder",
    )
    yield card("stadt-oezdemir", "Özgür Özdemir", [("HOME", "(069) 90009 002")])
    yield card("stadt-noell", "Zoë von Nöll-Weiß", [("CELL", "+49 171 3920003"), ("HOME", "0049 40 66969 003")])
    yield card(
        "stadt-wasser", "Bereitschaft Wasserverband", [("WORK", "+49 (0)40 66969-004")], org="Wasserverband Mühlbach"
    )
    yield card("stadt-quote", 'Rüdiger "Rudi" Kühn', [("HOME", "030.23125.005")])


def _companies(choose: random.Random) -> Iterator[Card]:
    """Return companies: a head number, and people with their Durchwahl."""
    for number, company in enumerate(COMPANIES):
        head = f"66969{number}"
        yield card(f"firma-{number}", company, [("WORK", f"040 {head}-0")], org=company)
        for extension in choose.sample(range(11, 99), 4):
            name = f"{choose.choice(GIVEN)} {choose.choice(FAMILY)}"
            written = choose.choice(
                (f"040/{head}-{extension}", f"+49 40 {head} - {extension}", f"040 {head}{extension}")
            )
            yield card(f"firma-{number}-{extension}", name, [("WORK", written)], org=company, unit="Büro")


def private(person: str) -> list[Card]:
    """Return somebody's own book: what colleagues must never see."""
    match person:
        case "anna":
            return [
                card("anna-mama", "Mama", [("HOME", "030 23125 900")]),
                card("anna-dentist", "Zahnärztin Dr. Löffler", [("WORK", "069/90009-901")]),
                card("anna-schroeder", "Bine (Bäckerei)", [("CELL", "0171/39200-01")]),
            ]
        case "ben":
            return [
                card("ben-band", "Jürgen (Band)", [("CELL", "0171 39200 98")]),
                card("ben-mama", "Mutti", [("HOME", "040 66969 990")]),
                card("ben-chef", "Chef privat", [("HOME", f"0{PREFIX[3:5]}/99998 999")]),
            ]
        case _:
            return []
