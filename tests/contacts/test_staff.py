"""Persons made of the staff book."""

import pytest

from ami_bridge.config import OwnBlock, Site
from ami_bridge.contacts.model import Card, Tel
from ami_bridge.contacts.staff import persons_of, persons_without_book
from ami_bridge.numbers import Numbers
from ami_bridge.people.model import Person

NUMBERS = Numbers(Site(area_code="89", own_block=OwnBlock(prefix="+498999998", digits=3), outside_line="0"))
ANNA = Card(
    name="Anna Amsel",
    unit="Bürgerbüro",
    emails=("anna@musterhausen.example", "a.amsel@privat.example"),
    tels=(Tel("+49 89 99998-171", "home"), Tel("089/99998-101", "work"), Tel("0171 3920 0101", "mobile")),
)


def person(card: Card, **overrides: dict[str, list[str]]) -> Person | None:
    found = persons_of([card], NUMBERS, extensions=overrides.get("extensions", {}), roles=overrides.get("roles", {}))
    return found[0] if found else None


def test_a_card_is_a_person() -> None:
    assert person(ANNA) == Person(
        login="anna",
        name="Anna Amsel",
        email="anna@musterhausen.example",
        department="Bürgerbüro",
        extensions=("101", "171"),  # at work first
        groups=("Bürgerbüro",),
    )


@pytest.mark.parametrize(
    ("card", "login"),
    [
        (Card(name="A", login="own", emails=("mail@x.example",), nickname="nick"), "own"),
        (Card(name="A", emails=("mail@x.example",), nickname="nick"), "mail"),
        (Card(name="A", nickname=" nick "), "nick"),
        (Card(name="A", emails=("@x.example",), nickname="nick"), "nick"),
        (Card(name="A", login="a\nb", nickname="nick"), "nick"),
        (Card(name="A"), None),
        (Card(name="List", nickname="list", group=True), None),
    ],
)
def test_who_signs_in_as_this_card(card: Card, login: str | None) -> None:
    found = person(card)
    assert (found.login if found else None) == login


@pytest.mark.parametrize(
    ("tel", "extensions"),
    [
        (Tel("101"), ("101",)),
        (Tel("99998-101"), ("101",)),
        (Tel("+49 89 99998-101/102", "work"), ("101", "102")),
        (Tel("+49 89 99998-101", "fax"), ()),
        (Tel("+49 89 99998-101", "assistant"), ()),
        (Tel("+49 89 99998-1010", "work"), ()),
        (Tel("+49 89 99997-101", "work"), ()),
        (Tel("**610", "work"), ()),
        (Tel("8001", "work"), ()),
        (Tel("Zimmer 101", "work"), ("101",)),
        (Tel("", "work"), ()),
    ],
)
def test_which_extensions_are_theirs(tel: Tel, extensions: tuple[str, ...]) -> None:
    found = person(Card(name="A", login="a", tels=(tel,)))
    assert found is not None
    assert found.extensions == extensions


def test_the_configuration_has_the_last_word() -> None:
    found = person(ANNA, extensions={"anna": ["555"]}, roles={"anna": ["admin", "user"], "ben": ["plant"]})
    assert found is not None
    assert (found.extensions, found.roles) == (("555",), ("user", "admin"))


def test_of_two_cards_with_one_login_the_first_counts() -> None:
    found = persons_of([ANNA, Card(name="Other", login="anna")], NUMBERS, extensions={}, roles={})
    assert [one.name for one in found] == ["Anna Amsel"]


def test_departments_are_found_where_they_stand() -> None:
    found = person(Card(name="A", login="a", categories=("Bauamt", "Leitung")))
    assert found is not None
    assert found.department == "Bauamt"


def test_without_a_staff_book_the_configuration_is_all_there_is() -> None:
    assert persons_without_book(extensions={"anna": ["101"]}, roles={"eva": ["admin"]}) == [
        Person(login="anna", name="anna", extensions=("101",)),
        Person(login="eva", name="eva", roles=("user", "admin")),
    ]
