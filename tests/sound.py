"""What is in a sound: who is heard in it, how loud it is, which keys a telephone would take it for. 8 kHz, mono."""

import struct
import wave
from collections.abc import Iterator
from math import log10
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 8000
FULL = 32768.0
# How a sound is followed along: from a place that is long enough to be found anywhere, in pieces, within three packets.
ANCHOR, PIECE, NEAR = RATE // 2, RATE * 15 // 100, RATE * 6 // 100
SURE = 0.7
Samples = NDArray[np.float64]
"""From -1 to 1."""

# Keys of a telephone: ITU-T Q.23; what a receiver must take for one: Q.24.
LOW = (697, 770, 852, 941)
HIGH = (1209, 1336, 1477, 1633)
KEYS = ("123A", "456B", "789C", "*0#D")
BLOCK = 205
"""Samples that tell the eight tones apart."""
LOUD = 0.01
"""A key's tone is at least so loud (-40 dBFS)."""
TWIST = 10 ** (9 / 10)
"""Neither of a key's tones has more than so many times the power of the other."""
PURE = 0.8
"""Share of the power that the two tones have: in speech there is more besides."""
LEAST = 3
"""Blocks that look alike (two make 40 ms, which a receiver takes for a key; one more may be cut)."""


def read(path: Path) -> Samples:
    """Read a wav of 16 bit, however its header lies about its length: whoever records writes that at the end."""
    whole = path.read_bytes()
    at = whole.find(b"data") + 8
    if at < 8:
        return silence(0)
    form = whole.index(b"fmt ")
    assert struct.unpack_from("<HI", whole, form + 10) == (1, RATE), path
    frames = whole[at : at + (len(whole) - at) // 2 * 2]
    return np.frombuffer(frames, dtype="<i2").astype(np.float64) / FULL


def write(path: Path, samples: Samples) -> Path:
    """Write a wav."""
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, RATE, 0, "NONE", ""))
        sound.writeframes((np.clip(samples, -1, 1) * (FULL - 1)).astype("<i2").tobytes())
    return path


def tone(hertz: float, seconds: float, loudness: float = 0.3) -> Samples:
    """Make a tone."""
    wave_: Samples = loudness * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)
    return wave_


def silence(seconds: float) -> Samples:
    """Make silence."""
    return np.zeros(int(seconds * RATE))


def loudness(samples: Samples) -> float:
    """Return the RMS."""
    return float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0


def level(samples: Samples) -> float:
    """Return how loud speech is, in dBFS: as ITU-R BS.1770 gates it, so that pauses do not make it quieter.

    Windows of 400 ms, each a quarter further; those below -70 dBFS do not count, then those 10 dB below the rest.
    """
    size, step = RATE * 4 // 10, RATE // 10
    windows = [float(np.mean(samples[at : at + size] ** 2)) for at in range(0, max(1, len(samples) - size + 1), step)]
    heard = [one for one in windows if one > 1e-7]
    if not heard:
        return -120.0
    rest = [one for one in heard if one > sum(heard) / len(heard) / 10]
    return 10 * log10(sum(rest) / len(rest))


def quiet_ends(samples: Samples, below: float = 0.01) -> tuple[float, float]:
    """Return the seconds of silence at the beginning and at the end."""
    loud = np.flatnonzero(np.abs(samples) > below)
    if not len(loud):
        return len(samples) / RATE, len(samples) / RATE
    return float(loud[0]) / RATE, float(len(samples) - 1 - loud[-1]) / RATE


def spoken(samples: Samples) -> Samples:
    """Return it without the silence at its ends, which who hangs up cuts."""
    before, after = quiet_ends(samples)
    return samples[int(before * RATE) : len(samples) - int(after * RATE)]


def find(needle: Samples, hay: Samples) -> tuple[float, float]:
    """Say how surely a sound is in another one (normalised cross-correlation, up to 1), and at which second."""
    length = len(needle)
    if not 0 < length < len(hay):
        return 0.0, 0.0
    size = 1 << (len(hay) + length).bit_length()
    product = np.fft.irfft(np.fft.rfft(hay, size) * np.conj(np.fft.rfft(needle, size)), size)[: len(hay) - length]
    power = np.concatenate([[0.0], np.cumsum(hay * hay)])
    # Where nearly nothing is heard nothing is found: one sample of noise would fit anything.
    window = np.maximum(power[length:] - power[:-length], 1e-4 * length)[: len(product)]
    score = product / (np.sqrt(window) * np.linalg.norm(needle))
    return float(score.max()), float(score.argmax()) / RATE


def find_though_cut(needle: Samples, hay: Samples) -> float:
    """Say how surely a sound is in another one from which a busy machine may have lost many a moment.

    A packet that is lost or late moves all that comes after by 20 ms, and two halves that do not fit do not correlate.
    So besides the whole, it is followed along in pieces, each looked for only where the one before it says that it must
    be, give or take three packets; most of them must be there. Looked for anywhere, such short pieces fit any speech.
    """
    whole = find(needle, hay)[0]
    audible = loudness(needle) / 4
    anchors = [
        (*find(part, hay), at)
        for at in range(0, len(needle) - ANCHOR + 1, ANCHOR * 3 // 2)
        if loudness(part := needle[at : at + ANCHOR]) > audible
    ]
    paths = [_along(needle, hay, at, int(second * RATE) - at) for _, second, at in sorted(anchors)[-3:]]
    return max(whole, *paths) if paths else whole


def _along(needle: Samples, hay: Samples, anchor: int, shift: int) -> float:
    """Follow a sound from this place of it on, to its end and its beginning; `shift` is how much later it is there."""
    audible = loudness(needle) / 4
    starts = [
        at for at in range(0, len(needle) - PIECE + 1, PIECE) if loudness(needle[at : at + PIECE]) > audible
    ]  # fmt: skip
    scores = []
    for side in ([at for at in starts if at >= anchor], [at for at in reversed(starts) if at < anchor]):
        by = shift
        for at in side:
            begin = max(0, at + by - NEAR)
            score, second = find(needle[at : at + PIECE], hay[begin : max(0, at + by + PIECE + NEAR)])
            if score > SURE:
                by = begin + round(second * RATE) - at
            scores.append(score)
    return sorted(scores)[(len(scores) - 1) // 2] if len(scores) > 2 else 0.0


def has_tone(hertz: float, samples: Samples) -> float:
    """Return how loud a tone is in this (its RMS)."""
    return float(np.sqrt(_powers(samples[np.newaxis, :], (hertz,))[0, 0])) if len(samples) else 0.0


def _powers(blocks: Samples, tones: tuple[float, ...]) -> Samples:
    """Return the mean power of each tone in each block: what Goertzel's filter gives, for all blocks at once."""
    length = blocks.shape[1]
    filters = np.exp(-2j * np.pi * np.outer(np.arange(length), tones) / RATE)
    powers: Samples = 2 * np.abs(blocks @ filters) ** 2 / length**2
    return powers


def keys(samples: Samples) -> str:
    """Return the keys that a telephone exchange would hear in this."""
    found, last, count = "", "", 0
    for key in (*_keys(samples), ""):
        if key == last:
            count += 1
            continue
        if last and count >= LEAST:
            found += last
        last, count = key, 1
    return found


def _keys(samples: Samples) -> Iterator[str]:
    """Tell the key of each block, empty where there is none; blocks overlap by half."""
    starts = range(0, len(samples) - BLOCK + 1, BLOCK // 2)
    blocks = np.stack([samples[at : at + BLOCK] for at in starts] or [np.zeros(BLOCK)])
    for block, powers in zip(blocks, _powers(blocks, (*LOW, *HIGH)), strict=True):
        whole = float(np.mean(block**2))
        low, high = int(np.argmax(powers[:4])), int(np.argmax(powers[4:]))
        one, other = powers[low], powers[high + 4]
        alike = one < TWIST * other and other < TWIST * one
        yield KEYS[low][high] if whole > LOUD**2 and alike and one + other > PURE * whole else ""
