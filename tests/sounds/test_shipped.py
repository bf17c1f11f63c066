"""Every alarm sound that we ship is listened to: telephones, keys, length, loudness; and it can be made anew."""

import re
from math import log10
from pathlib import Path

import numpy as np
import pytest

from ami_bridge.sound import wav
from ami_bridge.sound.hearing import HIGHEST, WIDE, faults
from ami_bridge.sound.level import loudness, peak
from ami_bridge.sound.spectrum import telephoned
from sounds.make import sha256
from sounds.synthesis import RECIPES, made
from tests.sound import find, keys, read

SOUNDS = Path(__file__).parents[2] / "sounds"
NOTED = dict(
    re.findall(r"^\| `(alarm-\S+)` \|.*\| `([0-9a-f]{64})` \|$", (SOUNDS / "README.md").read_text(), re.MULTILINE)
)
NAMES = sorted(RECIPES)
LIMITS = {"shortest": 1, "longest": 5, "quietest": -18, "loudest": -16}


def test_every_file_is_noted_and_every_note_has_its_file() -> None:
    assert set(NOTED) == {path.name for path in SOUNDS.glob("alarm-*")}
    assert set(NOTED) == {f"alarm-{name}{end}" for name in NAMES for end in (".wav", ".sln16")}
    for name, noted in NOTED.items():
        assert sha256(SOUNDS / name) == noted


@pytest.mark.parametrize("name", NAMES)
def test_a_sound_gets_through_a_telephone_and_presses_no_key(name: str) -> None:
    wide = wav.from_frames((SOUNDS / f"alarm-{name}.sln16").read_bytes(), WIDE)
    narrow = wav.read((SOUNDS / f"alarm-{name}.wav").read_bytes())
    assert narrow.rate == 8_000
    assert narrow.seconds == pytest.approx(wide.seconds, abs=0.01)
    for sound in (wide, narrow):
        assert [*faults(sound, **LIMITS)] == []
        assert peak(sound) <= HIGHEST
        assert peak(wav.Sound(sound.rate, sound.samples[: sound.rate // 10])) < 0.5 * peak(sound), "it begins softly"
    left = telephoned(wide)
    print(f"{name}: {left.share:.0%}, {left.lost:.1f} LU, {loudness(narrow):.1f} LUFS, {20 * log10(peak(narrow)):.1f}")
    assert keys(read(SOUNDS / f"alarm-{name}.wav")) == "", "another's ears hear none either"


@pytest.mark.parametrize("name", NAMES)
def test_a_sound_made_anew_is_the_same(name: str) -> None:
    there = np.array(wav.from_frames((SOUNDS / f"alarm-{name}.sln16").read_bytes(), WIDE).samples)
    again = np.array(made(name).samples)
    assert len(again) == len(there)
    assert np.corrcoef(again, there)[0, 1] > 0.999


def test_one_is_not_taken_for_another() -> None:
    sounds = {name: read(SOUNDS / f"alarm-{name}.wav") for name in NAMES}
    for name, sound in sounds.items():
        piece = sound[4_000:9_000]
        for other, hay in sounds.items():
            assert (find(piece, hay)[0] > 0.9) == (name == other), (name, other)
