"""What of a sound gets through a telephone: its power by frequency, as it is and as people hear it."""

from cmath import exp, pi
from math import cos, log10
from typing import NamedTuple

from ami_bridge.sound.wav import Sound

LOW, HIGH = 300, 3400
SIZE = 1024
NOTHING = 120.0


class Telephoned(NamedTuple):
    """What a telephone leaves of a sound."""

    share: float
    """Of its power."""
    lost: float
    """By how much it becomes quieter to people's ears, in LU."""


def telephoned(sound: Sound) -> Telephoned:
    """Return what a telephone leaves of a sound."""
    whole = inside = loud = heard = 0.0
    for number, power in enumerate(_spectrum(sound)):
        hertz = number * sound.rate / SIZE
        as_heard = power * _weight(hertz)
        whole, loud = whole + power, loud + as_heard
        if LOW <= hertz <= HIGH:
            inside, heard = inside + power, heard + as_heard
    if not heard:
        return Telephoned(0.0, NOTHING)
    return Telephoned(inside / whole, 10 * log10(loud / heard))


def _weight(hertz: float) -> float:
    """Return how much people hear of a frequency (K-weighting): little that is very low, 4 dB more of what is high."""
    low = (hertz / 38.1) ** 4 / (1 + (hertz / 38.1) ** 2) ** 2
    shelf = (hertz / 1500) ** 4
    return low * (1 + 10**0.4 * shelf) / (1 + shelf)


def _spectrum(sound: Sound) -> list[float]:
    """Return the power of each frequency up to half the rate, by blocks of which each is half over the one before."""
    window = [0.5 - 0.5 * cos(2 * pi * at / SIZE) for at in range(SIZE)]
    powers = [0.0] * (SIZE // 2)
    edge = [0.0] * SIZE
    samples = [*edge[: SIZE // 2], *sound.samples, *edge]
    for at in range(0, len(samples) - SIZE + 1, SIZE):
        # Two blocks at once, as the real and the imaginary part of one: the sum of their powers is all we want.
        pair = samples[at : at + SIZE + SIZE // 2]
        pair += edge[: SIZE + SIZE // 2 - len(pair)]
        one = _transformed([complex(pair[n], pair[n + SIZE // 2]) * window[n] for n in range(SIZE)])
        for number in range(1, len(powers)):
            powers[number] += abs(one[number]) ** 2 + abs(one[SIZE - number]) ** 2
    return powers


_TURNS = {size: [exp(-2j * pi * n / size) for n in range(size // 2)] for size in (2**power for power in range(1, 11))}


def _transformed(values: list[complex]) -> list[complex]:
    """Return the Fourier transform of as many values as a power of two."""
    if len(values) == 1:
        return values
    even, odd = _transformed(values[::2]), _transformed(values[1::2])
    turned = [turn * one for turn, one in zip(_TURNS[len(values)], odd, strict=True)]
    return [a + b for a, b in zip(even, turned, strict=True)] + [a - b for a, b in zip(even, turned, strict=True)]
