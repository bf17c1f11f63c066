"""The site's own sounds: any recording becomes two files that telephones play; what is none, or no good, is said."""

import asyncio
from pathlib import Path

import pytest

from ami_bridge.alarms.sounds import Library, checked, converted, prepared
from ami_bridge.errors import BadRequestError, NotFoundError
from ami_bridge.sound import wav
from ami_bridge.sound.level import loudness

OURS = Path(__file__).parents[2] / "sounds"


async def recording(form: str) -> bytes:
    """A horn in this form, by ffmpeg."""
    process = await asyncio.create_subprocess_exec(
        "ffmpeg", "-loglevel", "error", "-i", str(OURS / "alarm-horn.wav"), "-ar", "44100", "-ac", "2", "-f", form, "-",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    made, _ = await process.communicate()
    return made


@pytest.mark.parametrize("form", ["mp3", "ogg", "flac", "wav"])
async def test_a_recording_becomes_what_telephones_play(form: str, tmp_path: Path) -> None:
    library = Library(folder=tmp_path, ours=OURS)
    sound = prepared(await converted(await recording(form)))
    library.keep("horn", sound)
    narrow = wav.read(library.read("horn"))
    assert narrow.rate == 8_000
    assert -18 <= loudness(narrow) <= -16
    assert [one.own for one in library.all() if one.name == "horn"] == [True]
    library.remove("horn")
    assert not list((tmp_path / "alarms").iterdir())
    assert [one.own for one in library.all() if one.name == "horn"] == [False], "ours is there again"
    with pytest.raises(NotFoundError):
        library.remove("horn")


@pytest.mark.parametrize(
    "bad", [b"", b"x" * 5_000, b"#EXTM3U\nfile:///etc/passwd\n", b"ffconcat version 1.0\nfile /etc/passwd\n"]
)
async def test_what_is_no_recording_is_refused(bad: bytes) -> None:
    with pytest.raises(BadRequestError):
        await converted(bad)


@pytest.mark.parametrize("name", ["", "../horn", "Horn", "a--b", "-a", "a/b", "ä", "x" * 41])
def test_a_name_is_no_path(name: str) -> None:
    with pytest.raises(BadRequestError):
        checked(name)
