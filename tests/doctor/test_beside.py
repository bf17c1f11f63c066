"""Programs that are started beside the daemon: the doctor says what is missing where it is needed, and no more."""

from pathlib import Path

import pytest
from msgspec import structs

from ami_bridge.config import Config, Rooms
from ami_bridge.config_alarms import Source
from ami_bridge.doctor.beside import Beside

PLAIN = Config(pbx=[])
ALARMS = structs.replace(PLAIN, source=[Source(name="plant")])
NAMES = structs.replace(PLAIN, rooms=Rooms(names_dir="names"))
BOTH = structs.replace(ALARMS, rooms=NAMES.rooms)


@pytest.mark.parametrize(
    ("config", "there", "codes"),
    [
        (PLAIN, (), []),
        (ALARMS, ("espeak-ng", "ffmpeg"), ["programs.fine"]),
        (ALARMS, ("espeak-ng",), ["programs.less"]),
        (ALARMS, (), ["programs.missing", "programs.less"]),
        (NAMES, ("espeak-ng",), ["programs.fine"]),
        (NAMES, ("ffmpeg",), ["programs.less"]),
        (BOTH, ("ffmpeg",), ["programs.missing", "programs.less"]),
    ],
)
async def test_what_is_missing_is_told_with_what_it_costs(
    config: Config, there: tuple[str, ...], codes: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in there:
        (tmp_path / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = await Beside(config).check()
    assert [one.code for one in found] == codes
    if "programs.missing" in codes:
        assert "espeak-ng fehlt: Alarme klingeln, sagen aber nicht, was geschehen ist." in found[0].what.de
        assert found[0].do is not None
        assert found[0].do.en == "“apt install espeak-ng” on this machine."
