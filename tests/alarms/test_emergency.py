"""No machine calls the police."""

import pytest

from ami_bridge.alarms.emergency import forbidden


@pytest.mark.parametrize(
    "number",
    ["110", "112", "0110", "0112", "+49112", "0049112", "00049 112", "+49 (0) 110", "116117", "+49116117", "0116 116",
     "19222", "+112", "1-1-2"],
)  # fmt: skip
def test_emergency_numbers_are_never_called_however_they_are_written(number: str) -> None:
    assert forbidden(number)


def test_nor_behind_an_outside_line_of_any_kind() -> None:
    assert forbidden("9112", "9")
    assert forbidden("90049112", "9")
    assert not forbidden("9112"), "an extension, where 9 is no outside line"


@pytest.mark.parametrize("number", ["101", "1120", "1101", "+4989110", "+491712345112", "08999998112", "112112", ""])
def test_others_are(number: str) -> None:
    assert not forbidden(number, "0")
