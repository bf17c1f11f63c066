"""The caller's name for each telephone's display."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_bridge.config import OwnBlock, Site
from ami_bridge.contacts.directory import Directory, Index
from ami_bridge.contacts.display import Style
from ami_bridge.contacts.model import Contact, ContactNumber
from ami_bridge.contacts.pbx import NameQuestion, Names
from ami_bridge.numbers import Numbers
from ami_bridge.people.model import People, Person, Wish

SITE = Site(area_code="89", own_block=OwnBlock(prefix="+498999998", digits=3), outside_line="0")
BOOKS = {
    "shared": {
        "+493023125001": 'Müller, "Jürgen"\r\nEvent: x',
        "+493023125002": "Ben",
        "+493023125003": "🌍\N{RIGHT-TO-LEFT OVERRIDE}${EPOCH}|x " + 4096 * "ä",
        "+493023125004": "Γιώργος",
    },
    "owner:anna": {"+493023125002": "Schatz", "+4930231259": "Zahnarzt"},
    "group:IT": {"+493023125002": "Ben (Server)"},
}
STAFF = (
    Person(login="anna", name="Anna", extensions=("101",)),
    Person(login="ben", name="Ben", extensions=("102", "109"), groups=("IT", "Rathaus")),
    Person(login="eva", name="Eva", extensions=("109",), groups=("IT",)),
    Person(login="dieter", name="Dieter", extensions=("108",)),
    Person(login="dora", name="Dora", extensions=("108",)),
)
DEVICES = {"PJSIP/101": "101", "PJSIP/snom-ben": "102", "PJSIP/102": "102"}


def asked(*, names: Names = "fill", translit: dict[str, Style] | None = None, private: bool = True) -> NameQuestion:
    """The question, asked of a house with these books and people."""
    directory, people = Directory(), People(STAFF)
    for scope, entries in BOOKS.items():
        index = Index()
        for number, name in entries.items():
            index.add(Contact(href=name, name=name, numbers=(ContactNumber(raw="", e164=number),)), "Stadt")
        directory.replace(index, scope)
    for login in ("anna", "dieter"):
        people.wished(login, Wish(private_on_display=private))
    return NameQuestion(
        directory=directory,
        numbers=Numbers(SITE),
        people=people,
        extension_of=lambda channel: DEVICES.get(channel.rpartition("-")[0]),
        names=names,
        translit=translit,
    )


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ({"n": "+493023125001", "to": "103"}, "=Müller, Jürgen Event: x"),
        ({"n": "03023125002", "to": "103"}, "=Ben"),
        ({"n": "03023125099", "to": "103"}, "="),
        ({"n": "03023125002", "to": ""}, "=Ben"),
        ({"n": "03023125002"}, "=Ben"),
        ({"n": "anonymous", "to": "101"}, "="),
        ({"n": "anonymous", "to": "101&102"}, "=||"),
        ({"n": "", "to": "101"}, "="),
        ({"n": "03023125001" * 400, "was": "x" * 4000, "to": "101"}, "="),
        ({"to": "101"}, "="),
        ({}, "="),
    ],
)
def test_hits_and_misses(form: dict[str, str], answer: str) -> None:
    assert asked()(form) == answer


@pytest.mark.parametrize(
    ("to", "answer"),
    [
        ("101", "=Schatz"),
        ("PJSIP/101", "=Schatz"),
        ("102", "=Ben (Server)"),
        ("PJSIP/snom-ben", "=Ben (Server)"),
        ("109", "=Ben (Server)"),  # shared by two, and both are of IT
        ("103&101&102", "=Ben|Ben|Schatz|Ben (Server)"),
        ("101&PJSIP/snom-ben", "=Ben|Schatz|Ben (Server)"),
    ],
)
def test_each_telephone_gets_what_its_owner_may_know(to: str, answer: str) -> None:
    assert asked()({"n": "+493023125002", "to": to}) == answer


def test_a_private_name_needs_the_owners_wish_and_a_telephone_of_their_own() -> None:
    assert asked()({"n": "+4930231259", "to": "101&102&108"}) == "=|Zahnarzt||"
    assert asked(private=False)({"n": "+4930231259", "to": "101&102&108"}) == "=|||"
    assert asked(private=False)({"n": "+493023125002", "to": "101"}) == "=Ben"


@pytest.mark.parametrize("was", ["", "+493023125002", "030 23125002", "anonymous", "Unknown", "  "])
def test_what_is_no_name_is_replaced(was: str) -> None:
    assert asked()({"n": "+493023125002", "was": was, "to": "103"}) == "=Ben"


def test_the_networks_name_stays_unless_ours_is_to_win() -> None:
    form = {"n": "+493023125002", "was": "Firma B.", "to": "103"}
    assert asked()(form) == "="
    assert asked(names="always")(form) == "=Ben"
    assert asked(names="always")(form | {"n": "+493023125099"}) == "="


def test_a_display_gets_the_letters_it_has() -> None:
    question = asked(translit={"PJSIP/101": "de", "PJSIP/snom-ben": "ascii"})
    number = {"n": "+493023125001"}
    assert question(number | {"to": "101"}) == "=Mueller, Juergen Event: x"
    assert question(number | {"to": "103&101&PJSIP/snom-ben&PJSIP/102"}) == (
        "=Müller, Jürgen Event: x|Müller, Jürgen Event: x|Mueller, Juergen Event: x|Muller, Jurgen Event: x"
        "|Müller, Jürgen Event: x"
    )
    assert question(number | {"to": "102"}) == "=Muller, Jurgen Event: x", "one device of two"
    # The network's own name, too; and what cannot be written is left to the number.
    assert question({"n": "+493023125002", "was": "Göran Ñ", "to": "101"}) == "=Goeran N"
    assert question({"n": "+493023125002", "was": "Goran", "to": "101"}) == "="
    assert question({"n": "+493023125004", "to": "101&103"}) == "=Γιώργος||Γιώργος"


def test_hostile_names_are_one_line_without_the_sign_between_fields() -> None:
    answer = asked()({"n": "+493023125003", "to": "101&102"})
    fields = answer.removeprefix("=").split("|")
    assert len(fields) == 3
    assert fields[0].startswith("🌍${EPOCH}x ä")
    assert all(len(field) <= 60 and field.isprintable() for field in fields)


@given(st.dictionaries(st.sampled_from(["n", "to", "was", "x"]), st.text()))
def test_every_answer_begins_with_the_sign_and_is_one_line(form: dict[str, str]) -> None:
    answer = asked(translit={"PJSIP/101": "de"}, names="always")(form)
    assert answer.startswith("=")
    assert answer.splitlines() == [answer]


@given(st.lists(st.sampled_from(["101", "102", "PJSIP/101", "999"]), min_size=2, max_size=9), st.text(max_size=20))
def test_there_is_a_field_for_each_who_is_asked_for(called: list[str], was: str) -> None:
    for number in ("+493023125002", "anonymous"):
        assert asked()({"n": number, "was": was, "to": "&".join(called)}).count("|") == len(called)
