"""Names as old displays can show them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_bridge.contacts.display import Style, displayed


@pytest.mark.parametrize(
    ("name", "german", "plain"),
    [
        ("Anna Amsel", "Anna Amsel", "Anna Amsel"),
        ("Jürgen Groß-Öztürk", "Juergen Gross-Oeztuerk", "Jurgen Gross-Ozturk"),
        ("ÄRZTEHAUS SÜD", "AERZTEHAUS SUED", "ARZTEHAUS SUD"),
        ("Übel", "Uebel", "Ubel"),
        ("GROẞ", "GROSS", "GROSS"),
        ("Çelik, Łukasz; Søren Æbeltoft", "Celik, Lukasz; Soren Aebeltoft", "Celik, Lukasz; Soren Aebeltoft"),
        ("Café „Blaue Donau“ — Gruß…", "Cafe 'Blaue Donau' - Gruss...", "Cafe 'Blaue Donau' - Gruss..."),
        ("Ju\N{COMBINING DIAERESIS}rgen", "Juergen", "Jurgen"),
        ("🌍 Welt", "Welt", "Welt"),
        ("Γιώργος", "", ""),
        ("\N{FULLWIDTH QUOTATION MARK}x\N{FULLWIDTH LESS-THAN SIGN}", "x", "x"),
    ],
)
def test_both_ways_of_writing(name: str, german: str, plain: str) -> None:
    assert displayed(name, "de") == german
    assert displayed(name, "ascii") == plain
    assert displayed(name, None) == name


@given(st.text(), st.sampled_from(["de", "ascii"]))
def test_what_comes_out_is_harmless(name: str, style: Style) -> None:
    if not name.isascii():
        shown = displayed(name, style)
        assert shown.isascii()
        assert shown == "" or shown.isprintable()
        assert not set(shown) & set('"<>\\|')
