"""Wavs: mono, 16 bit, at any rate; as programs write them that did not know how long it would be."""

import struct
import sys
from array import array
from collections.abc import Iterable

from msgspec import Struct

from ami_bridge.errors import BadRequestError

FULL = 32768
SLOWEST, FASTEST = 8_000, 48_000
MONO_16_BIT = (1, 1, 16)
"""PCM, channels, bits."""


class Sound(Struct, frozen=True):
    """Samples from -1 to 1, so many a second."""

    rate: int
    samples: "array[float]"

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / self.rate


def read(whole: bytes) -> Sound:
    """Read a wav; raises BadRequestError where it is none of ours.

    A length of nothing, or beyond the end, is that of a program that wrote to a pipe: what there is counts.
    """
    if whole[:4] != b"RIFF" or whole[8:12] != b"WAVE":
        raise BadRequestError("That is no wav.")
    form, frames, at = b"", b"", 12
    while at + 8 <= len(whole):
        kind, length = whole[at : at + 4], int.from_bytes(whole[at + 4 : at + 8], "little")
        if kind == b"data" and not length:
            length = len(whole)
        body = whole[at + 8 : at + 8 + length]
        if kind == b"fmt ":
            form = body
        elif kind == b"data":
            frames = body
            break
        at += 8 + length + length % 2
    if len(form) < 16:  # noqa: PLR2004 - what all forms have
        raise BadRequestError("That is no wav that tells what is in it.")
    sort, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", form)
    if (sort, channels, bits) != MONO_16_BIT or not SLOWEST <= rate <= FASTEST:
        raise BadRequestError("That is no wav of one channel and 16 bit.")
    if len(frames) < 2:  # noqa: PLR2004 - a sample
        raise BadRequestError("There is nothing in that wav.")
    return from_frames(frames, rate)


def from_frames(frames: bytes, rate: int) -> Sound:
    """Read samples of 16 bit, the lower byte first."""
    whole = array("h", frames[: len(frames) // 2 * 2])
    if sys.byteorder == "big":
        whole.byteswap()
    return Sound(rate, array("d", (one / FULL for one in whole)))


def frames_of(samples: Iterable[float]) -> bytes:
    """Write samples of 16 bit, the lower byte first: all of a `.sln` file."""
    whole = array("h", (max(-FULL, min(FULL - 1, round(one * FULL))) for one in samples))
    if sys.byteorder == "big":
        whole.byteswap()
    return whole.tobytes()


def write(sound: Sound) -> bytes:
    """Write a wav."""
    frames = frames_of(sound.samples)
    kind = (b"fmt ", 16, 1, 1, sound.rate, 2 * sound.rate, 2, 16)
    return struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(frames), b"WAVE", *kind, b"data", len(frames)) + frames
