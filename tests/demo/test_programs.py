"""Which Asterisk may be used."""

import pytest

from ami_bridge.demo.programs import judge_version
from ami_bridge.errors import RefusedError


@pytest.mark.parametrize(
    "printed",
    ["Asterisk 22.10.1+dfsg+~cs6.17.60671434-1", "Asterisk 22.10.1", "Asterisk 22.11.0-rc1", "Asterisk 23.0.0"],
)
def test_a_new_asterisk_of_the_host_is_fine(printed: str) -> None:
    assert judge_version(printed) is None


@pytest.mark.parametrize(
    "printed", ["Asterisk 22.10.0", "Asterisk 22.9.9", "Asterisk 21.12.2", "Asterisk 20.6.0~dfsg+~cs6"]
)
def test_an_older_one_is_used_with_a_loud_warning_that_says_why(printed: str) -> None:
    warning = judge_version(printed)
    assert warning
    assert warning.startswith("WARNING")
    assert "CVE-2024-42365" in warning


@pytest.mark.parametrize("printed", ["Asterisk 18.10.0~dfsg", "Asterisk 16.28", "Asterisk 1.8.32"])
def test_one_below_20_is_refused(printed: str) -> None:
    with pytest.raises(RefusedError, match="too old: below 20"):
        judge_version(printed)


@pytest.mark.parametrize("printed", ["", "command not found", "Asterisk GIT-master"])
def test_one_that_does_not_tell_its_version_is_refused(printed: str) -> None:
    with pytest.raises(RefusedError, match="does not tell its version"):
        judge_version(printed)
