"""Our own ears: loudness as everybody measures it, what a telephone leaves, keys; and that nothing bad gets through."""

import re
import subprocess
from array import array
from itertools import pairwise
from math import pi, sin
from pathlib import Path

import numpy as np
import pytest

from ami_bridge.errors import BadRequestError
from ami_bridge.sound import wav
from ami_bridge.sound.hearing import faults, keys
from ami_bridge.sound.level import PEAK, faded_in, levelled, limited, loudness, peak
from ami_bridge.sound.rate import at_rate
from ami_bridge.sound.spectrum import telephoned
from ami_bridge.sound.wav import Sound
from tests.sound import HIGH, KEYS, LOW

RIGHT = {"shortest": 1, "longest": 5, "quietest": -18, "loudest": -16}


def tones(*hertz: float, seconds: float = 2.0, each: float = 0.2, rate: int = 16_000) -> Sound:
    times = range(int(seconds * rate))
    return Sound(rate, array("d", (sum(each * sin(2 * pi * one * at / rate) for one in hertz) for at in times)))


def noise(seconds: float, loud: float = 0.1, rate: int = 16_000) -> Sound:
    return Sound(rate, array("d", np.random.default_rng(7).normal(0, loud, int(seconds * rate)).tolist()))


def found(sound: Sound) -> list[str]:
    return [one.en for one in faults(levelled(sound, -17), **RIGHT)]


def test_what_is_wrong_with_a_sound_is_said_in_a_sentence() -> None:
    good = tones(440, 880, 1320)
    assert found(good) == []
    low = found(tones(140))
    assert len(low) == 2
    assert "gets through" in low[0]
    assert "too low" in low[1]
    assert found(tones(941, 1336)) == [
        "A telephone exchange would take it for the key 0: change its pitch or its sound."
    ]
    assert found(tones(770, 1209)) == [
        "A telephone exchange would take it for the key 4: change its pitch or its sound."
    ]
    assert "long" in found(tones(440, seconds=0.5))[0]
    assert "LUFS" in next(faults(levelled(good, -30), **RIGHT)).en
    loud = [*faults(Sound(16_000, array("d", [1.0] * 32_000)), **RIGHT)]
    assert any("dBFS" in one.en for one in loud)
    short = next(faults(levelled(tones(440, seconds=0.5), -17), **RIGHT))
    assert short.de == "Sie dauert 0,5 s, richtig sind 1 bis 5 s: nehmen Sie eine längere."
    for one in (*loud, short):
        assert ": " in one.de, "what to do"
        assert ": " in one.en


def test_a_horn_of_140_hertz_is_not_heard_even_with_overtones() -> None:
    saw = tones(140, each=0.3)
    for n in range(2, 20):
        for at, one in enumerate(tones(140 * n, each=0.3 / n).samples):
            saw.samples[at] += one
    left = telephoned(saw)
    assert left.share < 0.5
    assert left.lost > 1.5


def test_all_keys_are_heard_and_voices_press_none() -> None:
    for row, low in enumerate(LOW):
        for column, high in enumerate(HIGH):
            assert keys(tones(low, high, seconds=0.1)) == KEYS[row][column]
    assert keys(tones(697, 1209, seconds=0.02)) == ""
    assert keys(noise(2)) == ""


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_loudness_is_what_ffmpeg_measures(rate: int, tmp_path: Path) -> None:
    loud, soft = noise(2, 0.2, rate), noise(2, 0.002, rate)
    for name, sound in (("even", loud), ("pauses", Sound(rate, loud.samples + soft.samples + loud.samples))):
        path = tmp_path / f"{name}.wav"
        path.write_bytes(wav.write(sound))
        said = subprocess.run(
            ["ffmpeg", "-hide_banner", "-nostats", "-i", path, "-af", "ebur128", "-f", "null", "-"],
            capture_output=True, text=True, check=True,
        ).stderr  # fmt: skip
        measured = float(re.findall(r"I:\s+(-?[\d.]+) LUFS", said)[-1])
        assert loudness(sound) == pytest.approx(measured, abs=0.15 if rate > 8_000 else 0.5)


def test_peaks_are_held_down_and_loudness_is_what_was_wanted() -> None:
    sound = noise(3, 0.05)
    for at in range(4_000, 44_000, 4_000):
        for n in range(40):
            sound.samples[at + n] = 0.9 * (-1) ** n
    loud = levelled(sound, -17)
    assert loudness(loud) == pytest.approx(-17, abs=0.6)
    assert peak(loud) <= PEAK + 1e-9
    assert len(loud.samples) == len(sound.samples)
    assert max(abs(a - b) for a, b in pairwise(limited(tones(400, each=2.0)).samples)) < 0.3, "nothing is cut off"
    silent = Sound(16_000, array("d", [0.0] * 16_000))
    assert peak(levelled(silent, -17)) == 0
    assert peak(Sound(16_000, faded_in(tones(440), 0.3).samples[:800])) < 0.02


def test_another_rate_keeps_what_fits_and_nothing_comes_back_lower() -> None:
    for rate in (8_000, 11_025, 22_050, 44_100, 48_000):
        low, high = tones(600, rate=rate, seconds=0.5), tones(5_000, rate=rate, seconds=0.5)
        there = at_rate(low, 8_000)
        assert there.rate == 8_000
        assert len(there.samples) == pytest.approx(4_000, abs=2)
        assert peak(there) == pytest.approx(0.2, abs=0.02)
        if rate > 11_025:
            assert peak(Sound(8_000, at_rate(high, 8_000).samples[200:-200])) < 0.005
    assert peak(Sound(16_000, at_rate(tones(600, rate=8_000), 16_000).samples[200:-200])) == pytest.approx(
        0.2, abs=0.01
    )


def test_wavs_are_read_as_programs_write_them() -> None:
    sound = tones(440, seconds=0.1)
    whole = wav.write(sound)
    back = wav.read(whole)
    assert back.rate == 16_000
    assert max(abs(a - b) for a, b in zip(back.samples, sound.samples, strict=True)) < 1e-4
    at = whole.index(b"data") + 4
    for length in (b"\0\0\0\0", b"\xff\xff\xff\xff"):
        assert wav.read(whole[:at] + length + whole[at + 4 :]).samples == back.samples
    more = whole[: at - 4] + b"LIST\3\0\0\0abc\0" + whole[at - 4 :]
    assert wav.read(more).samples == back.samples
    for bad in (
        b"",
        b"RIFF",
        whole[:30],
        whole[: at + 4],
        whole.replace(b"WAVE", b"MOVE"),
        whole[:22] + b"\2" + whole[23:],
    ):
        with pytest.raises(BadRequestError):
            wav.read(bad)
