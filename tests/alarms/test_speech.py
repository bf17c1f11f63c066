"""Words of alarms: spoken once and in time, as loud as all speech, no more of them than the folder may hold."""

import asyncio
import os
from pathlib import Path

import pytest

from ami_bridge.alarms.speech import LEXICON, Speech
from ami_bridge.alarms.voice import Voice
from ami_bridge.errors import NotReachableError
from ami_bridge.sound import wav
from ami_bridge.sound.hearing import HIGHEST, keys
from ami_bridge.sound.level import loudness, peak
from ami_bridge.tasks import Errands

TEXT = "Alarm. Kläranlage: Gasmotor gestoppt, Öldruck 0,4 bar. Priorität hoch, seit 03:17 Uhr."
QUIETEST, LOUDEST = -23, -19


async def say(voice: Voice, text: str, file: Path) -> str:
    """Have it said, and wait until it is there."""
    name = await voice.speech(text, "de")
    async with asyncio.timeout(60):
        while not (file / f"{name}.wav").is_file():
            await asyncio.sleep(0.02)
    return name


async def test_words_are_spoken_once_and_as_loud_as_all_speech(tmp_path: Path) -> None:
    errands = Errands()
    voice = Voice(folder=tmp_path, speech=Speech(tmp_path), errands=errands)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(errands.run())
        name = await say(voice, TEXT, tmp_path)
        file = tmp_path / f"{name}.wav"
        sound = wav.read(file.read_bytes())
        assert sound.rate == 8_000
        assert QUIETEST <= loudness(sound) <= LOUDEST
        assert peak(sound) <= HIGHEST
        assert keys(sound) == ""
        made = file.stat().st_ino
        assert await say(voice, TEXT, tmp_path) == name
        assert file.stat().st_ino == made, "it was there"
        (tmp_path / LEXICON).write_text("Gasmotor = BHKW eins\n", encoding="utf-8")
        assert await say(voice, TEXT, tmp_path) != name, "the plant says it otherwise now"
        running.cancel()


async def test_many_who_need_the_same_words_at_once_have_them_spoken_once(tmp_path: Path) -> None:
    errands, made = Errands(), []

    class Counted(Speech):
        async def make(self, name: str, said: str, language: str) -> None:
            made.append(name)
            await super().make(name, said, language)

    voice = Voice(folder=tmp_path, speech=Counted(tmp_path), errands=errands)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(errands.run())
        names = await asyncio.gather(*(voice.speech("Gas", "de") for _ in range(5)))
        await say(voice, "Gas", tmp_path)
        running.cancel()
    assert made == [names[0]]


async def test_the_folder_does_not_grow(tmp_path: Path) -> None:
    speech = Speech(tmp_path, most=2)
    names = [speech.name(word, "de") for word in ("eins", "zwei", "drei")]
    for at, word in enumerate(("eins", "zwei")):
        await speech.make(names[at], word, "de")
        os.utime(tmp_path / f"{names[at]}.wav", (at, at))
    assert speech.has(names[0]), "and it was used just now"
    await speech.make(names[2], "drei", "de")
    assert [speech.has(name) for name in names] == [True, False, True]
    assert len(list((tmp_path / "speech").iterdir())) == 2, "no halves either"


async def test_no_voice_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    speech = Speech(tmp_path)
    with pytest.raises(NotReachableError):
        await speech.make(speech.name("eins", "de"), "eins", "de")
