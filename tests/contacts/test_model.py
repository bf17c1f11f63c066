"""Names made harmless."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ami_bridge.contacts.model import LONGEST_NAME, clean


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("Jürgen Müller-Lüdenscheidt", "Jürgen Müller-Lüdenscheidt"),
        ("Carla Çelik", "Carla Çelik"),
        ("Anna\r\nEvent: FakeEvent\r\n", "Anna Event: FakeEvent"),
        ("Anna\nAmsel", "Anna Amsel"),
        ("Anna\u2028Amsel\u2029", "Anna Amsel"),
        ("A\x00B\x7fC\x85D", "A B C D"),
        ('"Anna" <sip:100@evil>|\\', "Anna sip:100@evil"),
        ("\u202eleumaS\u202c", "leumaS"),
        ("\u2066A\u2069\u200e\u200f\u061cB", "AB"),
        ("  many   blanks ", "many blanks"),
        ("\ud800broken", "broken"),
        ("${SHELL(reboot)}", "${SHELL(reboot)}"),
        ("x" * 10_000, "x" * LONGEST_NAME),
        ("u\u0308ber", "über"),
        ("", ""),
        (None, ""),
    ],
)
def test_hostile_names(hostile: str | None, harmless: str) -> None:
    assert clean(hostile) == harmless


@settings(deadline=None)  # the machine may be busy
@given(st.text())
def test_whatever_comes_is_one_line_of_valid_text(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert len(cleaned) <= LONGEST_NAME
    assert cleaned == "" or len(cleaned.splitlines()) == 1
    assert not set(cleaned) & set('"<>\\|\r\n\t')
    assert clean(cleaned) == cleaned
