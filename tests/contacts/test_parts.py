"""Names packed and unpacked are the names that were."""

import pytest

from ami_bridge.contacts.index import Index
from ami_bridge.contacts.model import Contact, Name
from ami_bridge.contacts.parts import pack, unpack
from tests.contacts.test_directory import NUMBERS, house


def both(contacts: list[Contact], raw: str) -> tuple[Name | None, Name | None]:
    """Ask an index made of the contacts, and one made of the packed contacts."""
    number = NUMBERS.from_pbx(raw)
    assert number is not None
    key = int(number.e164 or 0)
    made, packed = Index(), Index()
    for contact in contacts:
        made.add(contact, "Stadt")
    half = len(contacts) // 2
    for some in (contacts[:half], contacts[half:]):
        unpack(pack(some), packed, "Stadt")
    packed.settle()
    assert len(made) == len(packed)
    return tuple(index.find(key) or (index.find_stem(key) or (0, None))[1] for index in (made, packed))  # type: ignore[return-value]


CONTACTS = [
    house("Erika", "09142 9600-12", "0171 1234567", org="Stadtwerke"),
    house("Max", "09142 9600-13", org="Stadtwerke"),
    house("", "09142 7000", org="Kanzlei"),
    house("Zoë", "09142 8000-0", "0171 1234567", org="Amt"),
    house("Eva", "09142 6000-12", org="Erste"),
    house("Ida", "09142 6000-13", org="Zweite"),
    house("Privat", "09142 5000-0"),
    house("", "unbekannt", org="Ohne"),
]


@pytest.mark.parametrize("raw", ["09142960012", "01711234567", "091429600555", "091427000123", "091428000123",
                                 "09142600099", "0914250001", "09142"])  # fmt: skip
@pytest.mark.parametrize("turned", [False, True])
def test_the_same_answers(raw: str, turned: bool) -> None:  # noqa: FBT001
    made, packed = both(CONTACTS[::-1] if turned else CONTACTS, raw)
    assert made == packed


def test_two_extensions_in_one_part_make_the_house_sure() -> None:
    index = Index()
    unpack(pack(CONTACTS[:2]), index, "Stadt")
    found = index.find_stem(4991429600555)
    assert found is not None
    assert found[1].name == "Stadtwerke (Durchwahl 555)"
