"""What somebody marked or clicked: what is a telephone number is found, what only looks like one is not."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_bridge.desktop.numbers_in_text import Found, Region, number_of_link, numbers_in

TUEBINGEN = Region(country="DE", area_code="7071")
NOWHERE = Region()
CASTLE = "+4970712042266"

SPELLINGS = [
    # how one number is written
    ("07071/204-2266", CASTLE),
    ("07071 / 20 42 - 266", CASTLE),
    ("0 70 71 / 20 42 266", CASTLE),
    ("(07071) 204 2266", CASTLE),
    ("(0 70 71) 20 42 - 266", CASTLE),
    ("07071-204-2266", CASTLE),
    ("070712042266", CASTLE),
    ("07071.204.2266", CASTLE),
    ("+49 7071 204-2266", CASTLE),
    ("+49 (0)7071 / 204-2266", CASTLE),
    ("+49(7071)2042266", CASTLE),
    ("0049 7071 204 2266", CASTLE),
    ("0049(0)7071/204-2266", CASTLE),
    ("07071\N{EN DASH}204\N{EN DASH}2266", CASTLE),
    ("07071 \N{FIGURE DASH} 204 \N{MINUS SIGN} 2266", CASTLE),
    ("07071\N{NO-BREAK SPACE}204\N{NARROW NO-BREAK SPACE}2266", CASTLE),
    ("\uff10\uff17\uff10\uff17\uff11\u3000\uff12\uff10\uff14\uff12\uff12\uff16\uff16", CASTLE),
    ("07071\N{SOFT HYPHEN}/204\N{ZERO WIDTH SPACE}-2266", CASTLE),
    ("\N{LEFT-TO-RIGHT EMBEDDING}07071 204-2266\N{POP DIRECTIONAL FORMATTING}", CASTLE),
    ("  Tel.: 07071/204-2266 (vormittags)\n", CASTLE),
    ("Schloss, Burgsteige 11, 72070 Tübingen, Telefon 07071 204-2266, www.schloss.example", CASTLE),
    ("Tel.-Nr. 07071\n204-2266", CASTLE),
    # pairs, where a slash ends the area code
    ("07071/12 34 56", "+497071123456"),
    ("089/23 30 0", "+498923300"),
    # neighbours
    ("+43 1 58858-0", "+431588580"),
    ("0043 1 58858 0", "+431588580"),
    ("+41 44 668 18 00", "+41446681800"),
    ("+41 (0)44 668 18 00", "+41446681800"),
    # ranges: the first of two
    ("07071 204-2266/67", CASTLE),
    ("07071/204-2266 / 67", CASTLE),
    ("Tel: 07071/204-2266/67", CASTLE),
    ("07071 204-2266/-67", CASTLE),
    ("07071 204-101/103", "+497071204101"),
    ("030/12345/67", "+493012345"),
    ("07071/204-2266 oder -67", CASTLE),
    # extensions are dialled behind the head number, and a 0 stands for the switchboard
    ("tel:+4970712042266;ext=12", "+497071204226612"),
    ("07071 204-0, Durchwahl 12", "+49707120412"),
    ("07071/204-0 App. 12", "+49707120412"),
    # mobiles, free of charge, and such
    ("0171 3920012", "+491713920012"),
    ("+49 (171) 392 00 12", "+491713920012"),
    ("0800 111 0 111", "+498001110111"),
    # the whole selection
    ("204", "204"),
    (" 2266 ", "2266"),
    ("115", "115"),
    ("19222", "19222"),
    ("116117", "116117"),
    ("116 117", "116117"),
    ("204-2266", CASTLE),
    ("204 22 66", CASTLE),
    ("2042266", CASTLE),
]


@pytest.mark.parametrize(("text", "number"), SPELLINGS)
def test_a_number_is_found_however_it_is_written(text: str, number: str) -> None:
    assert [one.to for one in numbers_in(text, TUEBINGEN)] == [number]


NO_NUMBERS = [
    "",
    "  ",
    "Sehr geehrte Damen und Herren",
    # dates and times
    "24.12.2026",
    "01.02.2026",
    "24-12-2026",
    "24 12 26",
    "12-12-26",
    "2026-11-28",
    "2026-11-28T14:30:00Z",
    "28.11.2026 14:30-16:00 Uhr",
    "Mo-Fr 08:00-12:00, 14:00-18:00",
    # files
    "Az. 10 C 204/26",
    "5 K 07071/26",
    "5 K 1234/26.TÜ",
    "Aktenzeichen 07071/204226",
    "AZ: 07071-2042266",
    "2026/0123456",
    "Kassenzeichen: 5.0204.226666.0",
    "12/345/67890",
    # banks
    "DE89 3704 0044 0532 0130 00",
    "DE89370400440532013000",
    "IBAN: DE89 3704 0044 0532 0130 00".replace(" ", "\N{NO-BREAK SPACE}"),
    "AT61 1904 3002 3457 3201",
    "CH93 0076 2011 6238 5295 7",
    "FR14 2004 1010 0505 0001 3M02 606",
    "Kto. 0532013000",
    "Konto-Nr. 0532013000, BLZ 370 400 44",
    "SOLADES1TUB",
    # invoices and customers
    "RE-2026-000815",
    "Rechnung 2026-0815-4711",
    "Rechnungsnr.: 07071 204226",
    "Kundennummer 07071204226",
    "Steuernummer 86/123/45678",
    "DE123456789",
    "ISBN 978-3-16-148410-0",
    "ISBN 0-7071-2042-6",
    # places
    "72070 Tübingen",
    "01067 Dresden",
    "48.5216, 9.0576",
    # others
    "1.234.567,89 EUR",
    "192.168.178.1",
    "123456789012345678",
    "https://example.org/07071-2042266",
    "07071.2042266@example.org",
    "07071 204-12/13/14",
]


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_only_looks_like_a_number_is_none(text: str) -> None:
    assert numbers_in(text, TUEBINGEN) == []


def test_a_number_stands_beside_what_is_none() -> None:
    text = "DE89 3704 0044 0532 0130 00 07071 204-2266 vom 24.12.2026, Az. 5 K 07071/26"
    assert [one.to for one in numbers_in(text, TUEBINGEN)] == [CASTLE]


def test_several_numbers_are_found_once_each_and_in_their_order() -> None:
    text = "Tel 07071 204-2266\tFax 07071 204-2267\nmobil 0171/3920012, oder +49 7071 2042266"
    assert [one.to for one in numbers_in(text, TUEBINGEN)] == [CASTLE, "+4970712042267", "+491713920012"]


def test_a_number_without_an_area_code_needs_to_know_where_it_is() -> None:
    assert numbers_in("204-2266", NOWHERE) == []


def test_numbers_are_shown_as_they_are_written_here() -> None:
    assert [one.display for one in numbers_in("+49 7071 2042266 / +43 1 58858 0", TUEBINGEN)] == [
        "07071 2042266",
        "+43 1 588580",
    ]


def test_where_an_extension_cannot_be_dialled_behind_the_number_it_is_told() -> None:
    assert numbers_in("tel:+12125550123;ext=4", NOWHERE) == [Found("+12125550123", "+1 212-555-0123", None, "4")]


@pytest.mark.parametrize("text", ["110", "112", "0112", " 112", "tel:112", "tel:110", "sip:110@pbx.example.org"])
def test_the_emergency_numbers_are_known(text: str) -> None:
    assert [one.danger for one in numbers_in(text, TUEBINGEN)] == ["emergency"]


@pytest.mark.parametrize(
    "text",
    [
        "0900 1234567",
        "+49 900 1 234567",
        "0137 1234567",
        "0180 5 123456",
        "11833",
        "118 33",
        "tel:0137123",
        "tel:+491375",
        "tel:00491375",
        "tel:11880",
        "+43 900 123456",
    ],
)
def test_what_costs_more_is_known(text: str) -> None:
    assert [one.danger for one in numbers_in(text, TUEBINGEN)] == ["premium"]


def test_nothing_is_made_of_a_number_that_was_cut_off() -> None:
    text = f"07071 204-2266 {'x' * 470} 07071 204-2266"
    assert [one.to for one in numbers_in(text, TUEBINGEN)] == [CASTLE]
    assert numbers_in(f"{'x' * 485} 07071 204-22667", TUEBINGEN) == []
    assert numbers_in("204", TUEBINGEN, cut=True) == []
    assert [one.to for one in numbers_in("07071 204-2266 im Schloss", TUEBINGEN, cut=True)] == [CASTLE]


LINKS = [
    ("tel:+4970712042266", CASTLE),
    ("TEL:+49-7071-204-2266", CASTLE),
    ("tel:%2B49%207071%20204-2266", CASTLE),
    ("tel://07071/2042266", CASTLE),
    ("tel:+49(0)7071-2042266", CASTLE),
    ("tel:+4970712042266;phone-context=example.org", CASTLE),
    ("tel:+49707120 42266?subject=x", CASTLE),
    ("tel:+4970712040;ext=12", "+497071204012"),
    ("tel:07071-204-0;ext=12", "+49707120412"),
    ("tel:204", "204"),
    ("tel:204;phone-context=+497071", "204"),
    ("tel:99999998", "99999998"),
    ("callto:+4970712042266", CASTLE),
    ("callto://07071-2042266", CASTLE),
    ("sip:+4970712042266@pbx.example.org;user=phone", CASTLE),
    ("sip:204@pbx.example.org", "204"),
    ("sips:07071%202042266@pbx.example.org", CASTLE),
    # nothing that could be dialled
    ("tel:", None),
    ("tel:+", None),
    ("tel:echo", None),
    ("tel:0800-FLOWERS", None),
    ("callto:echo123", None),
    ("sip:anna@pbx.example.org", None),
    ("sip:pbx.example.org", None),
    ("http://example.org/", None),
    ("mailto:204@example.org", None),
    # codes divert telephones, open doors and read mailboxes
    ("tel:*21*070712042266%23", None),
    ("tel:%2A%2331%23070712042266", None),
    ("tel:070712042266#", None),
    ("tel:#", None),
    # hostile
    ("tel:" + "1" * 41, None),
    ("tel:204" + " " * 600, None),
    ("tel:204%0d%0aAction:%20Originate", None),
    ("tel:204%00", None),
    ("tel:204,,,1234", None),
    ("tel:204&to=0900", None),
    ("tel:204|PJSIP/101", None),
    ("tel:${EXTEN}", None),
    ("tel:++204", None),
    ("tel:20%ff4", None),
    ("tel:--help", None),
]


@pytest.mark.parametrize(("link", "number"), LINKS)
def test_a_link_is_a_number_or_nothing(link: str, number: str | None) -> None:
    found = number_of_link(link, TUEBINGEN)
    assert (found.to if found else None) == number


@given(
    st.text(alphabet="0123456789 ()/-+.;ext=\n\tAZaz@:%#*|\N{EN DASH}\u0660\ufdfa", max_size=700)
    | st.text(max_size=700)
)
def test_whatever_is_marked_comes_out_as_digits(text: str) -> None:
    for one in numbers_in(text, TUEBINGEN):
        assert re.fullmatch(r"\+?[0-9]{2,21}", one.to)
        assert len(one.display) < 50
        assert one.display.isprintable()


@given(st.text(alphabet="0123456789 ()/-+.;ext=%2AB3#*@", max_size=60))
def test_whatever_is_clicked_comes_out_as_digits(text: str) -> None:
    for scheme in ("tel:", "callto://", "sip:"):
        if one := number_of_link(scheme + text, TUEBINGEN):
            assert re.fullmatch(r"\+?[0-9]{1,46}", one.to)


@pytest.mark.parametrize(
    "text", ["(" * 500, "(0" * 250, "1/" * 250, "1\n" * 250, "07071/1 " * 62, "a@" * 250, "\ufdfa" * 500, "AA11 " * 100]
)
def test_the_longest_text_takes_no_time(text: str) -> None:
    numbers_in("07071 2042266", TUEBINGEN)
    begin = time.process_time()
    numbers_in(text, TUEBINGEN)
    assert time.process_time() - begin < 1
