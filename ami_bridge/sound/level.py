"""How loud a sound is, and how it is made as loud as it should be without anything being cut off."""

from array import array
from collections import deque
from collections.abc import Iterator
from math import log10, pi, sin, tan

from ami_bridge.sound.filters import Filter, filtered
from ami_bridge.sound.wav import Sound

SILENT = -120.0
PEAK = 10 ** (-3.2 / 20)
"""Nothing is higher: -3 dBFS, and a little for a codec's rounding."""
WINDOW, EACH = 0.4, 0.1
ABSOLUTE, RELATIVE = -70.0, -10.0
"""Below which a window does not count, in LUFS and in LU (ITU-R BS.1770)."""
AHEAD = 0.005
RECOVERS = 0.06
TRIES = 4
NEAR = 0.1


def loudness(sound: Sound) -> float:
    """Return how loud a sound is, in LUFS (ITU-R BS.1770-4, one channel)."""
    heard = sound.samples
    for part in _heard_by_people(sound.rate):
        heard = filtered(heard, part)
    return _gated(heard, sound.rate)


def peak(sound: Sound) -> float:
    """Return the highest sample."""
    return max(map(abs, sound.samples), default=0.0)


def levelled(sound: Sound, wanted: float, near: float = NEAR) -> Sound:
    """Return the sound as loud as wanted (LUFS, by so many LU), its peaks held down where they would be too high."""
    now, gain = sound, 1.0
    for _ in range(TRIES):
        missing = wanted - loudness(now)
        if missing > wanted - SILENT - 1 or (abs(missing) < near and now is not sound):
            break
        gain *= 10 ** (missing / 20)
        now = limited(Sound(sound.rate, array("d", (one * gain for one in sound.samples))))
    return now


def limited(sound: Sound) -> Sound:
    """Hold peaks down: the gain goes down before they come, by an even slope, and comes back slowly."""
    if peak(sound) <= PEAK:
        return sound
    ahead = max(1, int(AHEAD * sound.rate))
    back = 1 / (RECOVERS * sound.rate)
    least: deque[tuple[int, float]] = deque()
    held: deque[float] = deque([1.0] * ahead)
    total, now = float(ahead), 1.0
    made = array("d")
    samples = sound.samples
    end = len(samples)
    for at in range(end + ahead):
        needed = min(1.0, PEAK / abs(samples[at])) if at < end and samples[at] else 1.0
        while least and least[-1][1] >= needed:
            least.pop()
        least.append((at, needed))
        if least[0][0] < at - ahead:
            least.popleft()
        now = min(least[0][1], now + (1 - now) * back)
        total += now - held.popleft()
        held.append(now)
        if at >= ahead:
            made.append(samples[at - ahead] * min(1.0, total / ahead))
    return Sound(sound.rate, made)


def faded_in(sound: Sound, seconds: float) -> Sound:
    """Let a sound begin softly, so that nobody who has the receiver at the ear is frightened."""
    length = min(int(seconds * sound.rate), len(sound.samples))
    rise = (sin(pi / 2 * at / length) ** 2 * sound.samples[at] for at in range(length))
    return Sound(sound.rate, array("d", rise) + sound.samples[length:])


def faded_out(sound: Sound, seconds: float) -> Sound:
    """Let a sound end without a click."""
    back = Sound(sound.rate, sound.samples[::-1])
    return Sound(sound.rate, faded_in(back, seconds).samples[::-1])


def _heard_by_people(rate: int) -> Iterator[Filter]:
    """Return the two filters of K-weighting, made for this rate: a head in the way, and deafness for what is low."""
    k = tan(pi * min(1681.974450955533, 0.45 * rate) / rate)
    q, high = 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    middle = high**0.4996667741545416
    low = 1 + k / q + k * k
    yield Filter(
        (high + middle * k / q + k * k) / low,
        2 * (k * k - high) / low,
        (high - middle * k / q + k * k) / low,
        2 * (k * k - 1) / low,
        (1 - k / q + k * k) / low,
    )
    k, q = tan(pi * 38.13547087602444 / rate), 0.5003270373238773
    low = 1 + k / q + k * k
    yield Filter(1.0, -2.0, 1.0, 2 * (k * k - 1) / low, (1 - k / q + k * k) / low)


def _gated(heard: "array[float]", rate: int) -> float:
    step = int(EACH * rate)
    parts = [sum(one * one for one in heard[at : at + step]) for at in range(0, len(heard) - step + 1, step)]
    many = round(WINDOW / EACH)
    if len(parts) < many:  # shorter than one window: all of it
        whole = sum(one * one for one in heard)
        return _lufs(whole / len(heard)) if len(heard) else SILENT
    windows = [sum(parts[at : at + many]) / (many * step) for at in range(len(parts) - many + 1)]
    loud = [one for one in windows if _lufs(one) > ABSOLUTE]
    if not loud:
        return SILENT
    least = _lufs(sum(loud) / len(loud)) + RELATIVE
    loud = [one for one in loud if _lufs(one) > least]
    return _lufs(sum(loud) / len(loud))


def _lufs(power: float) -> float:
    return -0.691 + 10 * log10(power) if power > 10 ** (SILENT / 10) else SILENT
