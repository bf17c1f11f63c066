"""Who has taken over is heard by name, spoken by the real voice; whoever has no spoken name, by extension."""

from pathlib import Path

import pytest
from msgspec import structs

from ami_bridge.alarms.pbx import AlarmQuestions
from ami_bridge.alarms.ports import Verdict
from ami_bridge.alarms.speech import Speech
from ami_bridge.alarms.spoken_names import SpokenNames
from ami_bridge.people.model import Person
from ami_bridge.sound import wav

DIETER = Person(login="dieter", name="Dieter Dachs", extensions=("104",), roles=("user", "plant"))
ANNA = Person(login="anna", name="Anna Amsel", extensions=("101",))


class Engine:
    """Dieter was faster."""

    async def acknowledge(self, *, attempt: str) -> Verdict:
        assert attempt
        return Verdict(what="already", login="dieter")


async def test_the_name_of_who_took_over_is_there_before_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = [DIETER, ANNA]
    numbers = {one.login: one.extensions[0] for one in staff}
    names = SpokenNames(
        speech=Speech(tmp_path), staff=lambda: staff, extension=lambda login: numbers.get(login, ""), language="de"
    )
    questions = AlarmQuestions(engine=Engine(), store=None, spoken=names.of)  # type: ignore[arg-type]
    assert await questions.acknowledge({"att": "a"}) == "already=104", "not spoken yet"
    await names.look()
    said = names.of("dieter")
    assert await questions.acknowledge({"att": "a"}) == f"already={said}"
    sound = wav.read((tmp_path / f"{said}.wav").read_bytes())
    assert (sound.rate, sound.seconds > 0.5) == (8000, True)
    assert names.of("anna") == "101", "she looks after no plant: nobody's name is spoken that need not be"
    assert names.of("gone") == ""
    staff[0] = structs.replace(DIETER, name="Dieter Dachs-Eule")
    await names.look()
    assert names.of("dieter") not in {said, "104"}, "married since"
    monkeypatch.setenv("PATH", str(tmp_path))
    staff[0] = structs.replace(DIETER, name="Dieter Daxl")
    await names.look()
    assert names.of("dieter") == "104", "without a voice the extension is said"
