"""The careful reader: what the quick one leaves to it. Most is tested in test_vcard, through both."""

import pytest

from ami_bridge.contacts import oddcard


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("FN:Muster, Erika", "Muster, Erika"),  # not escaped, and all of it is wanted
        (r"FN:Muster\, Erika", "Muster, Erika"),
        ("FN:Muster\\", "Muster"),
        ("FN;ENCODING=QUOTED-PRINTABLE:J=C3=BCrgen =\nM=C3=BCller", "Jürgen Müller"),
    ],
)
def test_sloppy_lines_are_read(line: str, name: str) -> None:
    found = oddcard.read(f"BEGIN:VCARD\n{line}\nEND:VCARD\n")
    assert found is not None
    assert found.name == name
