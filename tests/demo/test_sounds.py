"""The sounds are what their README says, and can be made anew."""

import importlib.util
import re
import wave
from array import array
from math import sqrt
from pathlib import Path
from types import ModuleType

import pytest

SOUNDS = Path(__file__).parents[2] / "sounds"


def _maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sounds_make", SOUNDS / "make.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKER = _maker()
NOTED = dict(
    re.findall(r"^\| `(.+?)\.wav` \|.*\| `([0-9a-f]{64})` \|$", (SOUNDS / "README.md").read_text(), re.MULTILINE)
)


def _heard(path: Path) -> tuple[float, float]:
    """Seconds and loudness (RMS, 0 to 1) of a wav."""
    with wave.open(str(path), "rb") as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
        samples = array("h", sound.readframes(sound.getnframes()))
    return len(samples) / 8000, sqrt(sum(one * one for one in samples) / len(samples)) / 32768


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
        == {path.relative_to(SOUNDS).with_suffix("").as_posix() for path in SOUNDS.rglob("*.wav")}
        == set(MAKER.TEXTS)
    )


@pytest.mark.parametrize("name", sorted(NOTED))
def test_a_sound_is_the_noted_one(name: str) -> None:
    assert MAKER.sha256(SOUNDS / f"{name}.wav") == NOTED[name]


@pytest.mark.parametrize("name", sorted(NOTED))
def test_a_sound_made_anew_is_as_long_and_as_loud(name: str, tmp_path: Path) -> None:
    seconds, loudness = _heard(SOUNDS / f"{name}.wav")
    again_seconds, again_loudness = _heard(MAKER.make(name, tmp_path))
    assert again_seconds == pytest.approx(seconds, rel=0.05)
    assert again_loudness == pytest.approx(loudness, rel=0.2)
    assert loudness > 0.05
