"""Filters of two poles: what is lower or higher is left out, or what is near one frequency is let ring."""

from array import array
from math import pi, sin, tan
from typing import NamedTuple

from ami_bridge.sound.wav import Sound

Q = 0.7071


class Filter(NamedTuple):
    """What one sample counts, the two before it, and the two that came out last."""

    b0: float
    b1: float
    b2: float
    a1: float
    a2: float


def filtered(samples: "array[float]", by: Filter) -> "array[float]":
    """Return what a filter leaves."""
    b0, b1, b2, a1, a2 = by
    x1 = x2 = y1 = y2 = 0.0
    made = array("d")
    add = made.append
    for x in samples:
        y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2
        x2, x1, y2, y1 = x1, x, y1, y
        add(y)
    return made


def high_pass(sound: Sound, hertz: float) -> Sound:
    """Leave out what is lower."""
    k = tan(pi * hertz / sound.rate)
    low = 1 + k / Q + k * k
    by = Filter(1 / low, -2 / low, 1 / low, 2 * (k * k - 1) / low, (1 - k / Q + k * k) / low)
    return Sound(sound.rate, filtered(sound.samples, by))


def low_pass(sound: Sound, hertz: float) -> Sound:
    """Leave out what is higher."""
    k = tan(pi * hertz / sound.rate)
    low = 1 + k / Q + k * k
    by = Filter(k * k / low, 2 * k * k / low, k * k / low, 2 * (k * k - 1) / low, (1 - k / Q + k * k) / low)
    return Sound(sound.rate, filtered(sound.samples, by))


def ringing(sound: Sound, hertz: float, q: float) -> Sound:
    """Let ring what is near one frequency, the longer the higher `q` is."""
    turn = 2 * pi * hertz / sound.rate
    alpha = sin(turn) / (2 * q)
    cosine = 1 - 2 * sin(turn / 2) ** 2
    by = Filter(alpha / (1 + alpha), 0.0, -alpha / (1 + alpha), -2 * cosine / (1 + alpha), (1 - alpha) / (1 + alpha))
    return Sound(sound.rate, filtered(sound.samples, by))
