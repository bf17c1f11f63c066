"""Makes the alarm sounds of this folder out of nothing but the numbers of one table, always the same."""
# In a folder of sounds, not of Python:
# ruff: noqa: INP001

from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import exp, pi, sin, tanh
from random import Random

from ami_bridge.sound.filters import high_pass, low_pass, ringing
from ami_bridge.sound.level import faded_in, faded_out, levelled
from ami_bridge.sound.wav import Sound

RATE = 16_000
HIGHEST = 3_900
"""Hertz: overtones above it would be in the wide-band file only."""
TABLE = 4096
LOUDNESS = -17.0
"""LUFS, for an ear at a receiver; speech is -20."""
FADE_IN, FADE_OUT = 0.3, 0.02
ROOM = 0.05
"""Seconds of silence at both ends."""
SHAPES: Mapping[str, Mapping[float, float]] = {
    "saw": {n: 1 / n for n in range(1, 30)},
    "square": {n: 1 / n for n in range(1, 30, 2)},
    "soft": {1: 1.0, 2: 0.3, 3: 0.12, 4: 0.05},
    "pure": {1: 1.0},
    "bell": {1: 1.0, 1.5: 0.7, 2: 0.6, 2.67: 0.45, 3: 0.4},
}
"""Overtones and how strong each is."""


@dataclass(frozen=True, kw_only=True)
class Tone:
    """A tone, from one frequency to another."""

    at: float = 0.0
    seconds: float
    hertz: float
    to: float = 0.0
    """Where it goes; 0: it stays."""
    shape: str = "saw"
    gain: float = 1.0
    attack: float = 0.01
    fades: float = 0.0
    """Seconds after which it is down to a third; 0: it does not fade."""
    dip: float = 0.0
    """By which share it begins too low, as a horn does until it has its pressure."""
    wobble: float = 0.0
    """Times a second that it goes to `to` and back, by even slopes."""


@dataclass(frozen=True, kw_only=True)
class Noise:
    """A machine's noise: beats that come so often, each a burst between two frequencies."""

    at: float = 0.0
    seconds: float
    low: float
    high: float
    beats: float = 0.0
    """Times a second; 0: one that goes on."""
    to: float = 0.0
    dies: float = 0.07
    """Seconds after which a beat is down to a third: a knock has few, a swell has many."""
    gain: float = 1.0
    fades: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One sound."""

    means: str
    parts: tuple[Tone | Noise, ...]
    drive: float = 0.0
    """How far it is overdriven, for more overtones."""
    band: tuple[float, float] = (300, 3600)
    rings: tuple[float, ...] = field(default=())
    """Frequencies at which the machine's housing rings along."""


def _repeated(part: Tone, every: float, times: int, *, at: float = 0.0) -> tuple[Tone, ...]:
    return tuple(Tone(**{**vars(part), "at": at + every * n}) for n in range(times))


RECIPES: Mapping[str, Recipe] = {
    "horn": Recipe(
        means="a works' horn: something stands still, look at once",
        parts=tuple(Tone(seconds=2.5, hertz=hertz, attack=0.08, dip=0.04) for hertz in (185, 233, 277)),
        drive=2.0,
        band=(350, 2800),
    ),
    "engine-stopped": Recipe(
        means="an engine runs down, knocks slower and slower, and stands; then two falling tones",
        parts=(
            Tone(seconds=2.7, hertz=1250, to=180, gain=0.5, fades=2.4),
            Noise(seconds=2.9, low=300, high=2600, beats=24, to=2.2, dies=0.035, gain=2.6),
            Tone(at=2.95, seconds=0.3, hertz=466, gain=0.55, fades=0.5),
            Tone(at=3.25, seconds=0.6, hertz=349, gain=0.55, fades=0.5),
        ),
        rings=(430, 1050, 1850),
        band=(320, 3200),
    ),
    "gas": Recipe(
        means="four short, again and again, as a gas detector: do not go in alone",
        parts=(
            *_repeated(Tone(seconds=0.1, hertz=780), 0.2, 4, at=0.05),
            *_repeated(Tone(seconds=0.1, hertz=780), 0.2, 4, at=1.35),
            *_repeated(Tone(seconds=0.1, hertz=780), 0.2, 4, at=2.65),
        ),
    ),
    "pump": Recipe(
        means="a pump that labours: seven strokes a second",
        parts=(
            Noise(seconds=3.0, low=300, high=2500, beats=7, dies=0.07, gain=1.6),
            Tone(seconds=3.0, hertz=152, gain=0.35),
        ),
        rings=(520, 1250),
        drive=1.2,
        band=(330, 2800),
    ),
    "compressor": Recipe(
        means="a compressor: twelve hard strokes a second, then it lets off air",
        parts=(
            Noise(seconds=2.2, low=500, high=3000, beats=12, dies=0.014, gain=1.8),
            Tone(seconds=2.2, hertz=207, gain=0.3),
            Noise(at=2.25, seconds=0.9, low=1200, high=3300, gain=1.0, fades=0.35),
        ),
        rings=(760, 1650),
        drive=1.0,
        band=(350, 3300),
    ),
    "water": Recipe(
        means="water that rises and gurgles",
        parts=(
            Noise(seconds=3.0, low=400, high=1800, beats=1.5, dies=0.6, gain=0.5),
            *(
                Tone(at=0.1 + 0.13 * n, seconds=0.12, hertz=hertz, to=hertz * 1.9, shape="soft", gain=0.9, fades=0.06)
                for n, hertz in enumerate(
                    (
                        420,
                        560,
                        480,
                        700,
                        390,
                        610,
                        520,
                        450,
                        760,
                        430,
                        580,
                        500,
                        660,
                        410,
                        540,
                        720,
                        470,
                        600,
                        440,
                        640,
                        530,
                    )
                )
            ),
        ),
        band=(350, 3300),
    ),
    "door": Recipe(
        means="three knocks, then a door bell: somebody is where nobody should be",
        parts=(
            Noise(at=0.25, seconds=0.6, low=350, high=1600, beats=5, dies=0.017, gain=3.0),
            Tone(at=1.0, seconds=0.9, hertz=659, shape="bell", fades=0.35, attack=0.003),
            Tone(at=1.6, seconds=1.3, hertz=523, shape="bell", fades=0.45, attack=0.003),
        ),
        rings=(480,),
    ),
    "bell": Recipe(
        means="an electric bell, twelve strokes a second",
        parts=_repeated(Tone(seconds=0.5, hertz=1000, shape="bell", fades=0.15, attack=0.002), 1 / 12, 30),
    ),
    "sweep": Recipe(
        means="DIN 33404-3, falls from 1200 to 500 Hz each second: leave the building",
        parts=_repeated(Tone(seconds=1.0, hertz=1200, to=500), 1.0, 3),
    ),
    "temporal-3": Recipe(
        means="ISO 8201, three long and a pause, 520 Hz, which wakes best: leave the building",
        parts=_repeated(Tone(seconds=0.5, hertz=520, shape="square"), 1.0, 3),
    ),
    "two-tone": Recipe(
        means="two tones in turn: a warning",
        parts=(
            *_repeated(Tone(seconds=0.25, hertz=800), 0.5, 5),
            *_repeated(Tone(seconds=0.25, hertz=970), 0.5, 5, at=0.25),
        ),
    ),
    "yelp": Recipe(
        means="up and down four times a second: the most urgent",
        parts=(Tone(seconds=2.5, hertz=800, to=1200, wobble=4),),
    ),
    "all-clear": Recipe(
        means="two soft tones that rise: it is over",
        parts=(
            Tone(seconds=0.45, hertz=660, shape="soft", attack=0.05, fades=0.5),
            Tone(at=0.45, seconds=0.9, hertz=880, shape="soft", attack=0.05, fades=0.5),
        ),
    ),
    "test": Recipe(
        means="three pips: only a test",
        parts=_repeated(Tone(seconds=0.15, hertz=1000, shape="soft", attack=0.02), 0.5, 3, at=0.3),
    ),
}
"""No sound here is one of the public siren signals: a minute's wail, a minute's tone, or fifteen seconds thrice."""


def made(name: str) -> Sound:
    """Make a sound of the table."""
    recipe = RECIPES[name]
    length = max(part.at + part.seconds for part in recipe.parts)
    whole = array("d", bytes(8 * int(length * RATE)))
    random = Random(name)  # noqa: S311 - a noise, the same at every turn
    for part in recipe.parts:
        sound = _tone(part) if isinstance(part, Tone) else _noise(part, recipe.rings, random)
        for at, sample in enumerate(sound, int(part.at * RATE)):
            if at < len(whole):
                whole[at] += sample * part.gain
    if recipe.drive:
        whole = array("d", (tanh(recipe.drive * sample) for sample in whole))
    low, high = recipe.band
    narrow = Sound(RATE, whole)
    for _ in range(2):
        narrow = low_pass(high_pass(narrow, low), high)
    soft = faded_out(faded_in(narrow, FADE_IN), FADE_OUT)
    silence = array("d", bytes(8 * int(ROOM * RATE)))
    return Sound(RATE, silence + levelled(soft, LOUDNESS).samples + silence)


def _tone(tone: Tone) -> Iterator[float]:
    highest = max(tone.hertz, tone.to)
    overtones = {n: power for n, power in SHAPES[tone.shape].items() if n * highest < HIGHEST}
    turn = [sum(power * sin(2 * pi * n * at / TABLE) for n, power in overtones.items()) for at in range(TABLE)]
    bell = tone.shape == "bell"  # its overtones are no multiples, and the higher ones end sooner
    length = int(tone.seconds * RATE)
    hertz, turns = _glide(tone), 0.0
    for at in range(length):
        now = at / RATE
        turns += hertz(now) / RATE
        if bell:
            sample = sum(
                power * sin(2 * pi * n * turns) * exp(-now / (tone.fades * (1.2 - n / 5)))
                for n, power in overtones.items()
            )
        else:
            sample = turn[int(turns * TABLE) % TABLE] * (exp(-now / tone.fades) if tone.fades else 1.0)
        yield sample * min(1.0, now / tone.attack, (tone.seconds - now) / 0.01)


def _glide(tone: Tone) -> Callable[[float], float]:
    """Return which frequency a tone has at a moment."""
    if tone.wobble:
        return lambda now: tone.hertz + (tone.to - tone.hertz) * (1 - abs(2 * (now * tone.wobble % 1) - 1))
    if tone.to:
        return lambda now: tone.hertz * (tone.to / tone.hertz) ** (now / tone.seconds)
    return lambda now: tone.hertz * (1 - tone.dip * exp(-now / 0.12))


def _noise(noise: Noise, rings: tuple[float, ...], random: Random) -> Iterator[float]:
    raw = Sound(RATE, array("d", (random.uniform(-1, 1) for _ in range(int(noise.seconds * RATE)))))
    band = low_pass(high_pass(raw, noise.low), noise.high)
    turns = 0.0
    beaten = array("d")
    for at, sample in enumerate(band.samples):
        now = at / RATE
        beats = noise.beats * ((noise.to or noise.beats) / (noise.beats or 1)) ** (now / noise.seconds)
        turns += beats / RATE
        beat = exp(-(turns % 1) / beats / noise.dies) if noise.beats else 1.0
        rise = min(1.0, (turns % 1) / 0.04) if noise.beats else min(1.0, now / 0.02)
        beaten.append(sample * beat * rise * (exp(-now / noise.fades) if noise.fades else 1.0))
    sound = Sound(RATE, beaten)
    ringing_along = [ringing(sound, hertz, 6).samples for hertz in rings]
    for at in range(len(beaten)):
        beaten[at] += sum(2 * one[at] for one in ringing_along)
    return iter(beaten)
