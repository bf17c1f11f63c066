"""The town's address books."""

import re

import phonenumbers
import pytest
import vobject

from ami_bridge.demo import addresses
from ami_bridge.demo.town import PEOPLE

# Numbers that nobody has: reserved for films and television by the Bundesnetzagentur.
RESERVED = re.compile(r"\+49(3023125|6990009|4066969|8999998)\d{3}$|\+491713920\d{3}$")
BOOKS = {"staff": addresses.staff(), "shared": addresses.shared(), **{u: addresses.private(u) for u in ("anna", "ben")}}


def _e164(text: str) -> str:
    plain = re.sub(r"\(privat\)|^tel:|\(0\)", "", text).replace(".", "")
    return phonenumbers.format_number(phonenumbers.parse(plain, "DE"), phonenumbers.PhoneNumberFormat.E164)


@pytest.mark.parametrize("book", BOOKS)
def test_every_card_is_one_that_other_programs_can_read(book: str) -> None:
    for card in BOOKS[book]:
        parsed = vobject.readOne(card.text)
        assert parsed.fn.value
        assert parsed.uid.value == card.uid


@pytest.mark.parametrize("book", BOOKS)
def test_nobody_real_is_called(book: str) -> None:
    for card in BOOKS[book]:
        for tel in vobject.readOne(card.text).tel_list:
            number = _e164(tel.value)
            # A company's head number is its stem and a zero: shorter than the reserved block's numbers.
            assert RESERVED.match(number) or re.match(r"\+4940669690?\d0$", number), (tel.value, number)


def test_the_shared_book_is_the_same_every_day() -> None:
    cards = addresses.shared()
    assert len(cards) == addresses.SHARED_CONTACTS
    assert len({card.uid for card in cards}) == len(cards)
    assert [card.text for card in cards] == [card.text for card in addresses.shared()]


def test_numbers_are_spelled_as_people_spell_them() -> None:
    spelled = "\n".join(tel.value for card in addresses.shared() for tel in vobject.readOne(card.text).tel_list)
    for habit in ("(0)", "/", "(privat)", "tel:", "0049", " - ", "."):
        assert habit in spelled, habit


def test_the_staff_book_says_who_has_which_extension() -> None:
    for person, card in zip(PEOPLE, addresses.staff(), strict=True):
        parsed = vobject.readOne(card.text)
        assert parsed.contents["x-ami-bridge-user"][0].value == person.user
        assert parsed.tel.value.endswith(f"-{person.extension}")
        assert parsed.org.value == ["Musterhausen", person.department]


def test_awkward_characters_stay_in_their_field() -> None:
    card = addresses.card("x", 'Rohr; Kanal, "Notdienst"', [("WORK", "030 23125-001")], org="A;B", unit="C,D")
    parsed = vobject.readOne(card.text)
    assert parsed.fn.value == 'Rohr; Kanal, "Notdienst"'
    assert parsed.org.value == ["A;B", "C,D"]
