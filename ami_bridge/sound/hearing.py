"""What a telephone makes of a sound: how much of it gets through, which keys an exchange would take it for."""

from collections.abc import Iterator
from math import cos, log10, pi

from msgspec import Struct

from ami_bridge.sound.level import loudness, peak
from ami_bridge.sound.rate import at_rate
from ami_bridge.sound.spectrum import telephoned
from ami_bridge.sound.wav import Sound

NARROW, WIDE = 8_000, 16_000
SHARE, LOST = 0.8, 1.5
"""Least share of the power that is in a telephone's band, and most that becomes quieter there, in LU."""
HIGHEST = 10 ** (-3 / 20)

# Keys of a telephone: ITU-T Q.23; what a receiver must take for one: Q.24.
LOW = (697, 770, 852, 941)
HIGH = (1209, 1336, 1477, 1633)
KEYS = ("123A", "456B", "789C", "*0#D")
BLOCK = 205
LOUD = 1e-4
TWIST = 10 ** (9 / 10)
PURE = 0.8
LEAST = 3
"""Blocks of 26 ms, each half over the one before, that must be alike."""


def keys(sound: Sound) -> str:
    """Return the keys that an exchange would take this for (Goertzel's filter, at 8 kHz)."""
    found, last, count = "", "", 0
    for key in (*_keys(at_rate(sound, NARROW)), ""):
        if key == last:
            count += 1
            continue
        if last and count >= LEAST:
            found += last
        last, count = key, 1
    return found


def _keys(sound: Sound) -> Iterator[str]:
    turns = [2 * cos(2 * pi * hertz / NARROW) for hertz in (*LOW, *HIGH)]
    for at in range(0, len(sound.samples) - BLOCK + 1, BLOCK // 2):
        block = sound.samples[at : at + BLOCK]
        whole = sum(one * one for one in block) / BLOCK
        if whole <= LOUD:
            yield ""
            continue
        powers = []
        for turn in turns:
            one = other = 0.0
            for sample in block:
                one, other = sample + turn * one - other, one
            powers.append(2 * (one * one + other * other - turn * one * other) / BLOCK**2)
        low, high = max(range(4), key=powers.__getitem__), max(range(4, 8), key=powers.__getitem__)
        one, other = powers[low], powers[high]
        alike = one < TWIST * other and other < TWIST * one
        yield KEYS[low][high - 4] if alike and one + other > PURE * whole else ""


class Fault(Struct, frozen=True):
    """Something that is wrong with a sound, and what to do, in both languages."""

    de: str
    en: str


def faults(sound: Sound, *, shortest: float, longest: float, quietest: float, loudest: float) -> Iterator[Fault]:
    """Say what is wrong with a sound that people are to be woken by; nothing where all is well."""
    if not shortest <= sound.seconds <= longest:
        yield length(sound.seconds, shortest, longest)
    level = loudness(sound)
    if not quietest <= level <= loudest:
        yield Fault(
            f"Ihre Lautstärke ist {_de(level)} LUFS, richtig sind {quietest:g} bis {loudest:g}: nehmen Sie eine "
            "Aufnahme, die durchgehend klingt.",
            f"Its loudness is {level:.1f} LUFS; {quietest:g} to {loudest:g} are right: take a recording without long "
            "pauses.",
        )
    if peak(sound) > HIGHEST:
        high = 20 * log10(peak(sound))
        yield Fault(
            f"Ihre Spitze ist {_de(high)} dBFS, höchstens -3 sind richtig: nehmen Sie leiser auf.",
            f"Its peak is {high:.1f} dBFS; -3 is the most: record it less loud.",
        )
    left = telephoned(sound)
    if left.share < SHARE:
        yield Fault(
            f"Nur {100 * left.share:.0f} % davon kommen durch ein Telefon, nötig sind {100 * SHARE:.0f} % zwischen 300 "
            "und 3400 Hz: nehmen Sie einen helleren Ton.",
            f"Only {left.share:.0%} of it gets through a telephone; it needs {SHARE:.0%} between 300 and 3400 Hz: take "
            "a brighter sound.",
        )
    if left.lost > LOST:
        yield Fault(
            f"Am Telefon ist sie {_de(left.lost)} LU leiser, höchstens {_de(LOST)} sind richtig: sie ist zu tief oder "
            "zu hoch.",
            f"It is too low or too high: {left.lost:.1f} LU quieter on a telephone, and {LOST:g} are the most.",
        )
    if pressed := keys(sound):
        yield Fault(
            f"Eine Telefonanlage hielte sie für die Taste {pressed[0]}: ändern Sie Tonhöhe oder Klang.",
            f"A telephone exchange would take it for the key {pressed[0]}: change its pitch or its sound.",
        )


def length(seconds: float, shortest: float, longest: float) -> Fault:
    """Say that it is too short or too long."""
    return Fault(
        f"Sie dauert {_de(seconds)} s, richtig sind {shortest:g} bis {longest:g} s: "
        + ("schneiden Sie ein Stück heraus." if seconds > longest else "nehmen Sie eine längere."),
        f"It is {seconds:.1f} s long; {shortest:g} to {longest:g} s are right: "
        + ("cut out a part of it." if seconds > longest else "take a longer one."),
    )


def _de(number: float) -> str:
    return f"{number:.1f}".replace(".", ",")
