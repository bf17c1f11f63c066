"""What kind of call a number is, and what is pressed for it: nothing dear may pass for something else."""

import pytest

from ami_bridge.calls.classes import Plan
from ami_bridge.config import OwnBlock, Site
from ami_bridge.errors import BadRequestError
from ami_bridge.numbers import Numbers

TOWN = Site(
    country="DE", area_code="089", own_block=OwnBlock(prefix="+498999998", digits=3), outside_line="0", language="de"
)
VIENNA = Site(country="AT", area_code="1")


def plan(site: Site = TOWN) -> Plan:
    return Plan(site, Numbers(site))


@pytest.mark.parametrize(
    ("written", "kind", "keys"),
    [
        ("102", "internal", "102"),
        ("+498999998102", "internal", "102"),
        ("089 99998-102", "internal", "102"),
        ("8000", "internal", "8000"),
        ("+49 89 1234567", "local", "00891234567"),
        ("089/123 45-67", "local", "00891234567"),
        ("1234567", "local", "00891234567"),
        ("000", "local", "008999998000"),
        ("030 23125-001", "national", "003023125001"),
        ("(030) 23125001", "national", "003023125001"),
        ("0049 (0) 30 23125001", "national", "003023125001"),
        ("+49 30 23125 001 234", "national", "003023125001234"),
        ("0800 1234567", "national", "008001234567"),
        ("032 12345678", "national", "003212345678"),
        ("116 117", "national", "0116117"),
        ("+49 116117", "national", "0116117"),
        ("115", "national", "0115"),
        ("19222", "national", "019222"),
        ("0171 3920012", "mobile", "001713920012"),
        ("+49 151 12345678", "mobile", "0015112345678"),
        ("+43 1 234567", "international", "000431234567"),
        ("0044 20 7946 0000", "international", "000442079460000"),
        ("+1 555 123 4567", "international", "00015551234567"),
        ("+800 12345678", "international", "00080012345678"),
        ("0180 5 123456", "service", "001805123456"),
        ("0700 123456", "service", "00700123456"),
        ("11833", "service", "011833"),
        ("0118 33", "service", "011833"),
        ("0900 1 234567", "premium", "009001234567"),
        ("+49 900 1234567", "premium", "009001234567"),
        ("0137 1234567", "premium", "001371234567"),
        ("0190 123456", "premium", "00190123456"),
        ("01012 030 123456", "premium", "00101203012345" + "6"),
        ("012 345678", "premium", "0012345678"),
        ("+44 909 879 0000", "premium", "000449098790000"),
        ("+979 123456789", "premium", "000979123456789"),
        ("+870 773 123456", "satellite", "000870773123456"),
        ("+881 6 12345678", "satellite", "000881612345678"),
        ("112", "emergency", "112"),
        ("110", "emergency", "110"),
        ("0112", "emergency", "112"),
        ("0 110", "emergency", "110"),
    ],
)
def test_a_number_is_of_its_kind_and_dialled_as_a_person_of_the_house_would(written: str, kind: str, keys: str) -> None:
    number = plan().read(written)
    assert (plan().kind(number), plan().keys(number)) == (kind, keys)


HOSTILE = [
    "",
    "   ",
    "+",
    "0",
    "00",
    "0101",  # the outside line, and then whatever
    "0190",
    "*8",
    "*72102",
    "#31#0900123456",
    "102&PJSIP/103",
    "102@from-trunk",
    "+49 112",
    "102/n",
    "Local/102@internal",
    "102,1",
    "102\r\nAction: Originate",
    "102\nVariable: BD_TO=0900123456",
    "102\x00",
    "${EPOCH}",
    "$[1+1]",
    "102;ext=5",
    "tel:102",
    "<102>",
    '"Ben" <102>',
    "102|Hangup",
    "PJSIP/103",
    "102 oder 103",
    "030 12/13/14 45 ()" * 3,
    "+49" + "1" * 30,
    "٣٠١",  # digits of another script
    "\N{FULLWIDTH DIGIT ONE}02",
]


@pytest.mark.parametrize("written", HOSTILE)
def test_whatever_is_not_plainly_a_number_is_refused(written: str) -> None:
    with pytest.raises(BadRequestError):
        plan().read(written)


@pytest.mark.parametrize("written", [*HOSTILE, "030 23125001", "+44 20 7946 0000", "112", "1" * 40])
def test_what_is_dialled_is_digits_and_few_of_them(written: str) -> None:
    try:
        keys = plan().keys(plan().read(written))
    except BadRequestError:
        return
    assert keys.isascii()
    assert keys.isdigit()
    assert len(keys) <= 24


def test_without_an_outside_line_nothing_stands_before_the_number() -> None:
    small = plan(Site(country="DE", area_code="89"))
    assert small.keys(small.read("+493023125001")) == "03023125001"
    assert small.keys(small.read("+442079460000")) == "00442079460000"
    assert small.keys(small.read("116117")) == "116117"
    assert small.keys(small.read("112")) == "112"
    with pytest.raises(BadRequestError):
        small.read("0112")


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("+43 1 5345678", "local"),
        ("+43 316 872 0", "national"),
        ("+43 664 1234567", "mobile"),
        ("+43 900 123456", "premium"),
        ("+43 810 123456", "service"),
        ("+43 800 123456", "national"),
        ("+49 30 23125001", "international"),
        ("133", "emergency"),
        ("112", "emergency"),
    ],
)
def test_elsewhere_the_library_knows_the_kinds(written: str, kind: str) -> None:
    vienna = plan(VIENNA)
    assert vienna.kind(vienna.read(written)) == kind


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("tel:+49-30-23125001", "+493023125001"),
        ("Tel.: 030 / 23125-001", "+493023125001"),
        ("+49 (0) 30 23125001 (privat)", "+493023125001"),
        ("102", "102"),
    ],
)
def test_a_link_may_spell_a_number_as_address_books_do(link: str, found: str) -> None:
    number = plan().found_in(link)
    assert found in {number.exten, number.e164}


@pytest.mark.parametrize("link", ["030 23125001 oder 030 23125002", "*8", "Anna", "0101", "https://x.example/"])
def test_a_link_with_no_number_or_several_is_refused(link: str) -> None:
    with pytest.raises(BadRequestError):
        plan().found_in(link)
