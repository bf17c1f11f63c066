"""Numbers as PBXs show them and people write them."""

import timeit
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ami_bridge.config import OwnBlock, Site
from ami_bridge.numbers import Number, Numbers

MUSTERHAUSEN = Site(
    country="DE", area_code="89", own_block=OwnBlock(prefix="+498999998", digits=3), outside_line="0", language="de"
)
TREUCHTLINGEN = Site(country="DE", area_code="09142", outside_line="0")


@pytest.fixture(scope="module")
def numbers() -> Numbers:
    return Numbers(MUSTERHAUSEN)


@pytest.fixture(scope="module")
def elsewhere() -> Numbers:
    return Numbers(TREUCHTLINGEN)


@pytest.mark.parametrize(
    ("raw", "e164", "exten", "display"),
    [
        ("101", "+498999998101", "101", "101"),
        ("000", "+498999998000", "000", "000"),
        ("8001", None, "8001", "8001"),
        ("112", None, "112", "112"),
        ("116117", None, "116117", "116117"),
        ("**610", None, "**610", "**610"),
        ("*8", None, "*8", "*8"),
        ("+498999998101", "+498999998101", "101", "089 99998-101"),
        ("498999998101", "+498999998101", "101", "089 99998-101"),
        ("08999998101", "+498999998101", "101", "089 99998-101"),
        ("99998101", "+498999998101", "101", "089 99998-101"),
        ("00498999998101", "+498999998101", "101", "089 99998-101"),
        ("+493023125001", "+493023125001", None, "030 23125001"),
        ("03023125001", "+493023125001", None, "030 23125001"),
        ("003023125001", "+493023125001", None, "030 23125001"),
        ("000493023125001", "+493023125001", None, "030 23125001"),
        ("4991429600123", "+4991429600123", None, "09142 9600123"),
        ("+43 1 58858-0", "+431588580", None, "+43 1 588580"),
        ("004315885800", "+4315885800", None, "+43 1 5885800"),
        ("+4917139200123", "+4917139200123", None, "0171 39200123"),
    ],
)
def test_what_the_pbx_shows(numbers: Numbers, raw: str, e164: str | None, exten: str | None, display: str) -> None:
    assert numbers.from_pbx(raw) == Number(e164=e164, exten=exten, display=display)


@pytest.mark.parametrize(
    "raw",
    [
        *(
            "",
            " ",
            "+",
            "--",
            "()",
            "%",
            "089%",
            "s",
            "anna",
            "anonymous",
            "Anonymous",
            "unknown",
            "<unknown>",
            "asterisk",
        ),
        *("Restricted", "1' OR '1'='1", "+49\r\nAction: x", "1" * 65, "+" * 20, "0" * 64),
    ],
)
def test_no_number_is_no_number(numbers: Numbers, raw: str) -> None:
    assert numbers.from_pbx(raw) is None


def test_who_dials_from_inside_presses_the_outside_line_first(numbers: Numbers) -> None:
    def dialled(keys: str) -> str | None:
        number = numbers.from_pbx(keys, dialled=True)
        return (number.e164 or number.exten) if number else None

    assert dialled("003023125001") == "+493023125001"
    assert dialled("00442079460001") == "+49442079460001"  # 0, then 0442…: never England
    assert dialled("000442079460001") == "+442079460001"
    assert dialled("02345678") == "+49892345678"  # a neighbour, without area code
    assert dialled("101") == "+498999998101"
    assert dialled("0112") == "112"
    assert dialled("0") == "0"


# The table of traps: what libraries make of spellings that people use.
@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("9600123", ["+4991429600123"]),
        ("112", ["112"]),
        ("115", ["115"]),
        ("123", ["123"]),
        ("**610", ["**610"]),
        ("0 09142 9600123", ["+4991429600123"]),
        ("0-09142/9600123", ["+4991429600123"]),
        ("09142 9600 App. 12", ["+499142960012"]),
        ("09142 9600 Durchwahl 12", ["+499142960012"]),
        ("09142/9600 DW-12", ["+499142960012"]),
        ("09142 9600-0, Nst. 12", ["+499142960012"]),
        ("09142 9600 ext 12", ["+499142960012"]),
        ("09142 9600x12", ["+499142960012"]),
        ("tel:+49-9142-9600;ext=12", ["+499142960012"]),
        ("+1 212 555 0123 x12", ["+12125550123"]),
        ("0171/1234567 (privat)", ["+491711234567"]),
        ("0171/1234567 privat", ["+491711234567"]),
        ("Büro: 0171/1234567", ["+491711234567"]),
        ("9600-12/13", ["+499142960012", "+499142960013"]),
        ("09142 9600-12 oder -13", ["+499142960012", "+499142960013"]),
        ("09142/9600-12, -13 / 14", ["+499142960012", "+499142960013", "+499142960014"]),
        ("09142 960012 / 0171 1234567", ["+499142960012", "+491711234567"]),
        ("09142 960012, 0171 1234567", ["+499142960012", "+491711234567"]),
        ("09142 960012 und 0171 1234567", ["+499142960012", "+491711234567"]),
        ("4991429600123", ["+4991429600123"]),
        ("+49 (0) 9142 9600123", ["+4991429600123"]),
        ("+49 (0)9142/9600-123", ["+4991429600123"]),
        ("+49 0 9142 9600123", ["+4991429600123"]),
        ("0049 9142 9600123", ["+4991429600123"]),
        ("0049 (0)9142 9600123", ["+4991429600123"]),
        ("09142 9600123,,,123#", ["+4991429600123"]),
        ("(09142) 9600-123", ["+4991429600123"]),
        ("09142–9600‑123", ["+4991429600123"]),  # noqa: RUF001 - an en dash, a hyphen that does not break
        ("09142\u00a09600\u202f123", ["+4991429600123"]),
        ("\u202a+49 9142 9600123\u202c", ["+4991429600123"]),  # pasted from a page, with invisible marks
        ("０９１４２ ９６００１２３", ["+4991429600123"]),  # noqa: RUF001 - full width
        ("tel:+49-9142-9600123;phone-context=x", ["+4991429600123"]),
        ("0800 FLATRATE", ["0800"]),
        ("anonymous", []),
        ("unbekannt", []),
        ("+", []),
        ("", []),
        ("anna@example.org", []),
    ],
)
def test_what_people_write(elsewhere: Numbers, raw: str, expected: list[str]) -> None:
    assert [number.e164 or number.exten for number in elsewhere.from_card(raw)] == expected


def test_the_same_telephone_is_equal_however_it_is_written(numbers: Numbers) -> None:
    spellings = ["089 99998-101", "+49 89 99998 101", "(089) 99998101", "99998-101", "0049/89/99998-101"]
    assert {numbers.from_card(spelling)[0] for spelling in spellings} == {
        Number(e164="+498999998101", exten="101", display="089 99998-101")
    }


def test_a_site_without_area_code_or_block_still_reads_whole_numbers() -> None:
    numbers = Numbers(Site())
    assert numbers.from_pbx("08999998101") == Number(e164="+498999998101", display="089 99998101")
    assert numbers.from_pbx("101") == Number(exten="101", display="101")


@pytest.mark.parametrize(
    ("callers", "raw", "e164"),
    [
        ("guess", "4991429600123", "+4991429600123"),
        ("guess", "43123456", "+498943123456"),
        ("international", "43123456", "+43123456"),
        ("international", "4991429600123", "+4991429600123"),
        ("national", "4991429600123", "+49894991429600123"),
        ("international", "09142 9600123", "+4991429600123"),
    ],
)
def test_a_site_may_say_how_its_trunks_write(callers: Any, raw: str, e164: str) -> None:  # noqa: ANN401 - a word
    site = Numbers(Site(area_code="89", callers=callers))
    found = site.from_pbx(raw)
    assert found is not None
    assert found.e164 == e164
    written = site.from_card("43 12 34 56")
    assert [one.e164 for one in written] == ["+498943123456"], "address books are people's, not the trunk's"


def test_a_short_number_from_outside_is_nobody_of_the_house(numbers: Numbers) -> None:
    """The dialplan puts a plus in front, see bridge-withheld."""
    assert numbers.from_pbx("+105") == Number(display="+105")
    assert numbers.from_pbx("+12345") == Number(display="+12345")
    assert numbers.from_pbx("+") is None


def test_numbers_beyond_all_numbers_are_none(numbers: Numbers) -> None:
    """Eighteen digits are kept in 64 bits; a card with more must not cost its book."""
    for raw in ("+358 12345678901234567", "+49 8999 12345678901234567890", "0" * 64):
        assert [one.e164 for one in numbers.from_card(raw)] == []
        assert numbers.from_pbx(raw) is None or len(str(numbers.from_pbx(raw))) < 200
        assert all(len(one.e164 or "") <= 19 for one in numbers.written(raw))


def test_a_spelling_without_end_is_not_even_read(numbers: Numbers) -> None:
    assert numbers.written("0" + "1" * 100_000 + "x") == ()


def test_a_country_without_area_codes() -> None:
    numbers = Numbers(Site(country="IT"))
    number = numbers.from_pbx("0669812345")
    assert number is not None
    assert number.e164 == "+390669812345"


@settings(deadline=None)  # the machine may be busy
@given(st.text(max_size=150))
@example("+0")  # too short to be somebody, but it comes from outside
def test_nothing_from_outside_raises(raw: str) -> None:
    numbers = Numbers(MUSTERHAUSEN)
    for number in [numbers.from_pbx(raw), numbers.from_pbx(raw, dialled=True), *numbers.from_card(raw)]:
        if number is not None:
            assert number.e164 or number.exten or number.display.startswith("+")
            assert number.display.isascii()


@settings(deadline=None)  # the machine may be busy
@given(st.text(alphabet="0123456789+-/ ().,;xApDWoder#*", max_size=60))
def test_nothing_like_a_number_raises(raw: str) -> None:
    numbers = Numbers(TREUCHTLINGEN)
    for number in [numbers.from_pbx(raw), *numbers.from_card(raw)]:
        if number is not None and number.e164:
            assert numbers.from_pbx(number.e164) == number  # what was read once reads the same again


@pytest.mark.alone
def test_a_number_seen_before_costs_about_a_microsecond(numbers: Numbers) -> None:
    best = min(timeit.repeat(lambda: numbers.from_pbx("+493023125001"), number=10_000, repeat=5)) / 10_000
    assert best < 3e-6, f"{best * 1e6:.2f} µs"


@pytest.mark.parametrize(
    ("raw", "stem", "rule"),
    [
        ("09142/9600-0", 4991429600, "head"),
        ("09142 9600 0", 4991429600, "head"),
        ("09142/9600*", 4991429600, "head"),
        ("+49 (0) 9142 9600-0 App. 12", 4991429600, "head"),
        ("9600-0", 4991429600, "head"),
        ("Tel. 09142 9600-0", 4991429600, "head"),
        ("+43 1 5123456-0", 4315123456, "head"),
        ("+352 261234-0", 352261234, "head"),
        ("09142 9600-12", 4991429600, "extension"),
        ("09142 9600 App. 12", 4991429600, "extension"),
        ("9600 DW 12", 4991429600, "extension"),
        ("09142 9600", 0, "bare"),
        ("09141-12345", 0, "bare"),  # the dash is behind the area code
        ("09142 96-12", 0, "bare"),  # a head number of two digits says nothing
        ("09142 12-34-56", 0, "bare"),  # written in pairs
        ("9 6 0 0 1 2 0", 0, "bare"),  # each digit alone
        ("0171 1234567-0", 0, "bare"),  # mobile
        ("0800 12345-0", 0, "bare"),
        ("032 12345-0", 0, "bare"),
        ("+1 212 555-0", 0, "bare"),
        ("+33 1 23456789-0", 0, "bare"),
        ("112", 0, "bare"),
    ],
)
def test_what_a_spelling_says_of_the_house(elsewhere: Numbers, raw: str, stem: int, rule: str) -> None:
    (found,) = elsewhere.written(raw)
    assert (found.stem, found.rule) == (stem, rule)


def test_a_bare_number_of_a_company_may_be_the_head_of_others(elsewhere: Numbers) -> None:
    for raw, stem in [("09142 9600", 4991429600), ("09142-960012", 499142960012), ("0171 1234567", 0), ("09142 96", 0)]:
        (found,) = elsewhere.written(raw, company=True)
        assert (found.stem, found.rule) == (stem, "bare")


@settings(deadline=None, max_examples=500)
@given(
    st.sampled_from(["0", "+49", "+49 (0) ", "(0", "0049 ", "+49-", "00", "+43 ", "0 0"]),
    st.text(st.sampled_from("0123456789 -/)"), min_size=3, max_size=20),
)
def test_the_quick_way_and_the_library_agree(begin: str, rest: str) -> None:
    for site in (TREUCHTLINGEN, MUSTERHAUSEN):
        numbers = Numbers(site)
        quick = [(one.e164, one.exten) for one in numbers.written(begin + rest)]
        assert quick == [(one.e164, one.exten) for one in numbers.from_card(begin + rest)]
