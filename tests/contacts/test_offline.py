"""Which names the PBX keeps a copy of, and under which digits."""

import pytest

from ami_bridge.contacts.directory import Directory, Index
from ami_bridge.contacts.model import Contact, ContactNumber
from ami_bridge.contacts.offline import Offline, Spelling
from ami_bridge.people.model import People, Person

SHARED = ["+493023125001", "+442079460001", "+4989999981", "112", "**610", "7"]


def offline(*, spelling: Spelling = "international", most: int = 100) -> dict[str, str]:
    """What would be copied in a house with these books."""
    directory, people = (
        Directory({"200": "Bürgerbüro"}),
        People([Person(login="anna", name="Anna", extensions=("101",))]),
    )
    for scope, numbers in (("shared", SHARED), ("group:IT", ["+491"]), ("owner:anna", ["+493023125001", "+492"])):
        index = Index()
        for number in numbers:
            short = not number.startswith("+")
            entry = ContactNumber(raw=number, e164=None if short else number, exten=number if short else None)
            index.add(Contact(href=number, name=f"{scope} {number}", numbers=(entry,)), "Stadt")
        directory.replace(index, scope)
    directory.replace_people(people.all())
    return dict(Offline(directory=directory, people=people, country="de", spelling=spelling, most=most)())


@pytest.mark.parametrize(
    ("spelling", "home", "abroad"),
    [
        ("international", "493023125001", "442079460001"),
        ("00", "00493023125001", "00442079460001"),
        ("national", "03023125001", "00442079460001"),
    ],
)
def test_numbers_are_spelled_as_the_trunk_does(spelling: Spelling, home: str, abroad: str) -> None:
    found = offline(spelling=spelling)
    assert found[home] == "shared +493023125001"
    assert found[abroad] == "shared +442079460001"
    assert found["101"] == "Anna"
    assert found["112"] == "shared 112"


def test_only_what_everybody_may_know_and_only_what_can_call() -> None:
    found = offline()
    assert len(found) == 5
    assert not [name for name in found.values() if name.startswith(("group", "owner"))]
    assert all(key.isdigit() for key in found)


def test_there_are_no_more_than_wanted_and_the_staff_comes_first() -> None:
    assert offline(most=0) == {}
    assert offline(most=1) == {"101": "Anna"}
    assert len(offline(most=3)) == 3
