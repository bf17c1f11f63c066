"""What is found by what people type."""

import pytest

from ami_bridge.config import Site
from ami_bridge.contacts.folding import fits, searched, terms, words
from ami_bridge.numbers import Numbers

NUMBERS = Numbers(Site(country="DE", area_code="89", outside_line="0"))
ANNA = searched(["Anna-Lena Müller", "Straßenbauamt Süd (Außenstelle)"], ["+493023125123", "101"])


def found(query: str, text: str = ANNA) -> bool:
    wanted = terms(query, NUMBERS, "49")
    return bool(wanted) and fits(text, wanted)


@pytest.mark.parametrize("written", ["Müller", "MÜLLER", "mueller", "Muller", "mu\N{COMBINING DIAERESIS}ller"])
def test_umlauts_are_found_however_they_are_written(written: str) -> None:
    assert words(written) == ["muller"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("Straße", "STRASSE"), ("Ærø", "aero"), ("Łódź", "Lodz"), ("İstanbul", "istanbul"), ("Søren", "soeren")],
)
def test_the_same_name_in_other_letters(one: str, other: str) -> None:
    assert words(one) == words(other)


@pytest.mark.parametrize(
    "name", ["Mueller", "Bauer", "Michael", "Haeussler", "Großkreutz", "Ångström", "Neue Oeffnung"]
)
def test_a_name_is_found_after_every_key(name: str) -> None:
    text = searched([name], [])
    for length in range(1, len(name) + 1):
        assert found(name[:length], text), name[:length]


@pytest.mark.parametrize(
    "query",
    [
        "anna", "lena", "müll anna", "anna mueller", "ANNA MULLER", "strassenbau", "straßen mül", "außen", "sued",
        "anna-lena", "(Außenstelle)", "101", "23125", "231 25", "231 25-123", "030 23125", "03023125123",
        "+49 30 231", "+49 (0) 30 231 25 123", "0049 30 231", "müller 030", "030 23125 anna", "000493023125123",
        "030/231 25-123", "49302312", "123",
    ],
)  # fmt: skip
def test_found(query: str) -> None:
    assert found(query)


@pytest.mark.parametrize(
    "query",
    ["nna", "annas", "ben", "anna ben", "0171", "+43", "23126", "müller 040", "", " ", "%", "_", "-", "()", "+"],
)
def test_not_found(query: str) -> None:
    assert not found(query)


def test_what_has_no_name_has_nothing_to_be_found_by() -> None:
    assert searched(["", None, "…"], ["+493023125123"]) == ""


def test_a_query_has_an_end() -> None:
    assert len(terms("a b c d e f g h i j k l m" * 100, NUMBERS, "49")) == 8
    assert len(terms("1" * 10_000, NUMBERS, "49")) == 1
