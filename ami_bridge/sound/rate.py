"""Another rate: what is too high for it is left out, so that it does not come back as something lower."""

from array import array
from math import ceil, cos, gcd, pi, sin
from operator import mul

from ami_bridge.sound.wav import Sound

REACH = 16
"""Periods of the lower rate to each side that make one sample."""
STEPS = 160
"""Places between two samples that are told apart."""
CUT = 0.92
"""Share of what the lower rate can hold that is kept."""


def at_rate(sound: Sound, rate: int) -> Sound:
    """Return the sound at this rate (a windowed sinc)."""
    if rate == sound.rate:
        return sound
    step, cut = sound.rate / rate, CUT * min(1.0, rate / sound.rate)
    steps = min(STEPS, rate // gcd(rate, sound.rate))
    taps = ceil(REACH * max(1.0, sound.rate / rate))
    padded = array("d", bytes(8 * taps)) + sound.samples + array("d", bytes(8 * (2 * taps + 1)))
    weights: dict[int, list[float]] = {}
    made = array("d")
    for number in range(int(len(sound.samples) / step)):
        place = number * step
        whole = int(place)
        part = round((place - whole) * steps)
        if part not in weights:
            weights[part] = [_weight(tap - taps - part / steps, cut, taps) for tap in range(2 * taps + 1)]
        made.append(sum(map(mul, weights[part], padded[whole : whole + 2 * taps + 1])))
    return Sound(rate, made)


def _weight(distance: float, cut: float, reach: int) -> float:
    window = 0.5 + 0.5 * cos(pi * max(-1.0, min(1.0, distance / reach)))
    angle = pi * cut * distance
    return window * cut * (sin(angle) / angle if angle else 1.0)
