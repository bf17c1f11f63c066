"""A key that is pressed twice, bounces or is held down is one wish."""

import stat
from pathlib import Path

import pytest

from ami_bridge.desktop.wish import key_for

NUMBER = "+497071123456"


@pytest.fixture
def at(tmp_path: Path) -> Path:
    return tmp_path / ":7.wish"


def test_the_same_number_within_two_seconds_is_the_same_wish(at: Path) -> None:
    first = key_for(NUMBER, at, now=100.0)
    assert key_for(NUMBER, at, now=101.9) == first
    assert len(first) >= 32


def test_later_it_is_a_new_wish(at: Path) -> None:
    assert key_for(NUMBER, at, now=100.0) != key_for(NUMBER, at, now=102.0)


def test_a_key_that_is_held_down_stays_one_wish(at: Path) -> None:
    assert len({key_for(NUMBER, at, now=100 + 0.03 * press) for press in range(300)}) == 1


def test_another_number_is_another_wish(at: Path) -> None:
    assert key_for(NUMBER, at, now=100.0) != key_for("+497071123457", at, now=100.1)


def test_after_a_restart_of_the_machine_it_is_a_new_wish(at: Path) -> None:
    assert key_for(NUMBER, at, now=100_000.0) != key_for(NUMBER, at, now=3.0)


@pytest.mark.parametrize("left", [b"", b"rubbish", b'{"to":1}', b"\xff" * 10_000])
def test_what_lies_there_is_in_nobodys_way(at: Path, left: bytes) -> None:
    at.write_bytes(left)
    key = key_for(NUMBER, at, now=100.0)
    assert key_for(NUMBER, at, now=100.5) == key


def test_nobody_else_can_read_it_or_have_it_written_elsewhere(at: Path, tmp_path: Path) -> None:
    key_for(NUMBER, at)
    assert stat.S_IMODE(at.stat().st_mode) == 0o600
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        key_for(NUMBER, link)
