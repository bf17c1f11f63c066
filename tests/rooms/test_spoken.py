"""Names are spoken by a real voice, as telephones play them; the folder has those that are wanted and no others."""

import math
import struct
from pathlib import Path

import pytest
import structlog

from ami_bridge.errors import NotReachableError
from ami_bridge.rooms.spoken import Name, Spoken, sayable, speak
from ami_bridge.sound.voice import for_telephones
from tests.sound import RATE, has_tone, level, read

ONE, OTHER = "01JD0000000000000000000001", "01JD0000000000000000000002"


async def test_a_name_is_spoken_as_telephones_play_it(tmp_path: Path) -> None:
    path = tmp_path / "name.wav"
    path.write_bytes(await speak(Name("Dr. Jürgen Weißmüller-Ødegård", "de")))
    sound = read(path)
    assert 1 < len(sound) / RATE < 5
    assert -24 < level(sound) < -14
    assert abs(sound).max() <= 0.91


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_the_folder_has_what_is_wanted(tmp_path: Path) -> None:
    said: list[str] = []

    async def voice(name: Name) -> bytes:
        said.append(name.text)
        return b"sound of " + name.text.encode()

    names = {ONE: Name("Anna", "de"), OTHER: Name("  [[ ]] ", "de")}
    spoken = Spoken(folder=tmp_path, names=lambda: names, speak=voice)
    (tmp_path / "own.wav").touch()
    await spoken.look()
    await spoken.look()
    assert said == ["Anna"], "once, and nothing of what cannot be said"
    assert (tmp_path / f"{ONE}.wav").read_bytes() == b"sound of Anna"
    assert (tmp_path / f"{ONE}.wav").stat().st_mode & 0o777 == 0o644
    names.clear()
    await spoken.look()
    assert names_in(tmp_path) == ["own.wav"]


async def test_a_voice_that_is_missing_is_told_and_costs_nothing(tmp_path: Path) -> None:
    async def voice(_name: Name) -> bytes:
        raise NotReachableError("no voice")

    with structlog.testing.capture_logs() as logs:
        await Spoken(folder=tmp_path, names=lambda: {ONE: Name("Anna", "de")}, speak=voice).look()
        await Spoken(folder=tmp_path / "nowhere", names=lambda: {ONE: Name("Anna", "de")}, speak=speak).look()
    assert [one["event"] for one in logs] == ["rooms.names_unspoken"] * 2
    assert "Anna" not in str(logs)


@pytest.mark.parametrize(
    ("text", "said"),
    [("Anna Amsel", "Anna Amsel"), ("<x> [[a]] -v & Söhne", "x a -v Söhne"), ("\n\0", ""), ("a" * 99, "a" * 60)],
)
def test_only_letters_and_figures_are_said(text: str, said: str) -> None:
    assert sayable(text) == said


def test_what_is_too_high_for_a_telephone_does_not_come_back_lower(tmp_path: Path) -> None:
    rate = 22_050
    path = tmp_path / "x.wav"
    for hertz, stays in ((1_000, True), (5_000, False)):
        samples = [
            int(8_000 * math.sin(2 * math.pi * hertz * n / rate) + 8_000 * math.sin(2 * math.pi * 600 * n / rate))
            for n in range(rate)
        ]
        body = struct.pack(f"<{len(samples)}h", *samples)
        kind = (b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
        path.write_bytes(
            for_telephones(struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 0, b"WAVE", *kind, b"data", 0) + body)
        )
        sound = read(path)
        assert len(sound) == pytest.approx(RATE, abs=2)
        assert has_tone(600, sound) > 0.05
        alias = has_tone(hertz if stays else RATE - hertz, sound)
        assert alias > 0.05 if stays else alias < 0.005
    for bad in (b"", b"RIFF" + bytes(60), b"RIFF" + bytes(40) + b"data" + bytes(8)):
        with pytest.raises(NotReachableError):
            for_telephones(bad)
