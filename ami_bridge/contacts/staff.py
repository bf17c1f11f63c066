"""Who works here: cards of the staff book become persons. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from ami_bridge.contacts.model import Card, TelKind
from ami_bridge.numbers import Numbers
from ami_bridge.people.model import Person
from ami_bridge.people.rules import MOST_GROUPS, overridden

NOT_THEIRS: frozenset[TelKind] = frozenset({"assistant", "fax", "pager"})
Overrides = Mapping[str, Sequence[str]]


def login_of(card: Card) -> str | None:
    """Say who signs in as this card: its own property, else the local part of the first e-mail, else the nickname."""
    for said in (card.login, *(email.partition("@")[0] for email in card.emails[:1]), card.nickname):
        login = (said or "").strip()
        if login and login.isprintable():
            return login
    return None


def extensions_of(card: Card, numbers: Numbers) -> tuple[str, ...]:
    """Find the extensions among a card's numbers, those at work first; a fax or a secretary is not the person."""
    own = [tel for tel in card.tels if tel.kind not in NOT_THEIRS]
    ordered = sorted(own, key=lambda tel: tel.kind != "work")
    found = [number.exten for tel in ordered for number in numbers.from_card(tel.raw) if number.exten]
    return tuple(dict.fromkeys(exten for exten in found if numbers.is_extension(exten)))


def groups_of(card: Card) -> tuple[str, ...]:
    """Say which groups a card's person is in: the department, and every category."""
    named = (" ".join(name.split()) for name in (card.unit or "", *card.categories))
    return tuple(dict.fromkeys(name for name in named if name))[:MOST_GROUPS]


def person_of(card: Card, numbers: Numbers, *, extensions: Overrides, roles: Overrides) -> Person | None:
    """Make a person of a card; None for a list, or where nothing says who it is."""
    login = login_of(card)
    if login is None or card.group:
        return None
    person = Person(
        login=login,
        name=card.name or login,
        email=card.emails[0] if card.emails else None,
        department=card.unit or next(iter(card.categories), None),
        extensions=extensions_of(card, numbers),
        groups=groups_of(card),
    )
    return overridden(person, extensions=extensions, roles=roles)


def persons_of(cards: Iterable[Card], numbers: Numbers, *, extensions: Overrides, roles: Overrides) -> list[Person]:
    """Make everybody; of two cards with the same login the first counts."""
    found: dict[str, Person] = {}
    for card in cards:
        if person := person_of(card, numbers, extensions=extensions, roles=roles):
            found.setdefault(person.login, person)
    return list(found.values())


def persons_without_book(*, extensions: Overrides, roles: Overrides) -> list[Person]:
    """Make everybody whom the configuration names: all there is where no staff book is configured."""
    logins = dict.fromkeys(word for word in [*extensions, *roles] if ":" not in word)
    return [overridden(Person(login=login, name=login), extensions=extensions, roles=roles) for login in logins]
