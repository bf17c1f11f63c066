"""The sounds are what their README says, and can be made anew."""

import re
from pathlib import Path

import pytest

from sounds import make as maker
from tests.sound import RATE, keys, level, loudness, quiet_ends, read

SOUNDS = Path(__file__).parents[2] / "sounds"
NOTED = {
    name: noted
    for name, noted in re.findall(
        r"^\| `(.+?)\.wav` \|.*\| `([0-9a-f]{64})` \|$", (SOUNDS / "README.md").read_text(), re.MULTILINE
    )
    if not name.startswith("alarm-")  # those are no speech: tests/sounds
}
ALARMS = {path.stem for path in SOUNDS.glob("alarm-*.wav")}


def test_every_sound_is_spoken_in_both_languages() -> None:
    """A sound that is missing in one language would silently be played in the other, or not at all."""
    spoken = {language: {name[3:] for name in NOTED if name.startswith(f"{language}/")} for language in ("de", "en")}
    assert spoken["de"] == spoken["en"]
    played = set(re.findall(r"\broom-[a-z-]+[a-z]", (SOUNDS.parent / "dialplan/rooms.conf").read_text()))
    played |= set(re.findall(r"\broom-[a-z-]+[a-z]", (SOUNDS.parent / "dialplan/confbridge.conf").read_text()))
    assert played <= spoken["de"]


def test_every_sound_is_noted_and_every_note_has_its_sound() -> None:
    assert (
        set(NOTED)
        == {path.relative_to(SOUNDS).with_suffix("").as_posix() for path in SOUNDS.rglob("*.wav")} - ALARMS
        == set(maker.TEXTS)
    )


@pytest.mark.parametrize("name", sorted(NOTED))
def test_a_sound_is_the_noted_one(name: str) -> None:
    assert maker.sha256(SOUNDS / f"{name}.wav") == NOTED[name]


@pytest.mark.parametrize("name", sorted(NOTED))
def test_a_sound_can_be_listened_to_and_presses_no_key(name: str) -> None:
    sound = read(SOUNDS / f"{name}.wav")
    assert 1 < len(sound) / RATE < 16
    assert -21 < level(sound) < -16, "all sounds are as loud as one another"
    assert abs(sound).max() < 0.9, "nothing is cut off at the top"
    before, after = quiet_ends(sound)
    assert 0.15 < before < 0.4, "a telephone that has just answered swallows the first moment"
    assert 0.3 < after < 1
    assert keys(sound) == ""


@pytest.mark.parametrize("name", sorted(NOTED))
def test_a_sound_made_anew_is_as_long_and_as_loud(name: str, tmp_path: Path) -> None:
    there, again = read(SOUNDS / f"{name}.wav"), read(maker.make(name, tmp_path))
    assert len(again) == pytest.approx(len(there), rel=0.05)
    assert loudness(again) == pytest.approx(loudness(there), rel=0.2)
