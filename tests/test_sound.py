"""The judge of sounds hears what is there, and nothing else."""

from pathlib import Path

import numpy as np
import pytest

from tests.sound import (
    HIGH,
    KEYS,
    LOW,
    find,
    find_though_cut,
    has_tone,
    keys,
    level,
    loudness,
    quiet_ends,
    read,
    silence,
    tone,
    write,
)

SOUNDS = Path(__file__).parents[1] / "sounds"


def pressed(text: str, seconds: float = 0.1, *, high: float = 0.2) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    parts = [silence(0.1)]
    for key in text:
        row = next(n for n, line in enumerate(KEYS) if key in line)
        column = KEYS[row].index(key)
        parts += [tone(LOW[row], seconds, 0.2) + tone(HIGH[column], seconds, high), silence(0.1)]
    return np.concatenate(parts)


def test_every_key_is_heard_and_too_short_ones_are_not() -> None:
    assert keys(pressed("0123456789*#ABCD")) == "0123456789*#ABCD"
    assert keys(pressed("11")) == "11"
    assert keys(pressed("5", 0.02)) == ""
    assert keys(pressed("5", high=0.02)) == ""
    noise = np.random.default_rng(7)
    assert keys(pressed("42") + noise.normal(0, 0.02, len(pressed("42")))) == "42"
    assert keys(noise.normal(0, 0.3, 16_000)) == ""
    assert keys(tone(697, 1.0)) == ""


def test_a_sound_is_found_where_it_is_in_whatever_noise_and_loudness() -> None:
    noise = np.random.default_rng(7)
    said = noise.normal(0, 0.2, 8_000)
    hay = np.concatenate([silence(1.5), said * 0.3, silence(1)])
    hay += noise.normal(0, 0.003, len(hay))
    score, second = find(said, hay)
    assert score > 0.98
    assert second == pytest.approx(1.5, abs=0.001)
    assert find(noise.normal(0, 0.2, 8_000), hay)[0] < 0.2
    assert find(said, said[:100]) == (0.0, 0.0)


def test_a_sound_is_found_though_a_moment_of_it_was_lost() -> None:
    noise = np.random.default_rng(7)
    said = noise.normal(0, 0.2, 32_000)
    hay = np.concatenate([silence(1), said[:14_000], said[14_160:], silence(1)])
    assert find(said, hay)[0] < 0.8
    assert find_though_cut(said, hay) > 0.98
    assert find_though_cut(noise.normal(0, 0.2, 32_000), hay) < 0.2
    kept = [said[at : at + 160] for at in range(0, len(said), 160) if noise.random() > 0.05]
    assert find_though_cut(said, np.concatenate([silence(1), *kept, silence(1)])) > 0.95, (
        "every twentieth packet is lost"
    )
    half = np.concatenate([silence(1), said[:14_000], silence(3)])
    assert find_though_cut(said, half) < 0.9, "half of it is not enough"


def test_one_who_says_something_else_is_not_taken_for_it() -> None:
    """Speech of one voice is alike in short pieces; what is asked for is the sentence."""
    names = ("room-number", "room-alone", "room-recorded", "room-late")
    sentences = [read(SOUNDS / f"en/{name}.wav") for name in names]
    for said in sentences[:3:2]:
        others = np.concatenate([one for one in sentences if one is not said])
        assert find_though_cut(said, others) < 0.5
        kept = [said[at : at + 160] for at in range(0, len(said), 160) if at % 3200]
        assert find_though_cut(said, np.concatenate([others, *kept])) > 0.95, "every twentieth packet is lost"


def test_loudness_and_tones_and_silence_are_measured(tmp_path: Path) -> None:
    sound = np.concatenate([silence(0.2), tone(440, 1.0, 0.5), silence(0.4)])
    back = read(write(tmp_path / "x.wav", sound))
    assert np.abs(back - sound).max() < 1e-4
    assert loudness(tone(440, 1.0, 0.5)) == pytest.approx(0.354, abs=0.001)
    assert level(sound) == pytest.approx(-9, abs=1), "pauses do not make it quieter"
    assert level(silence(1)) == -120
    start, end = quiet_ends(sound)
    assert start == pytest.approx(0.2, abs=0.01)
    assert end == pytest.approx(0.4, abs=0.01)
    assert quiet_ends(silence(1)) == (1, 1)
    assert has_tone(440, tone(440, 1.0, 0.5)) == pytest.approx(0.354, abs=0.01)
    assert has_tone(1000, tone(440, 1.0, 0.5)) < 0.01
