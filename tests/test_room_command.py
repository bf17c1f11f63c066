"""`ami-bridge room`: times are those of the machine, whichever the daemon has."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from ami_bridge import wire
from ami_bridge.cli import main
from ami_bridge.web.body import answer
from tests.test_cli import RIGHT

TEN = datetime(2026, 11, 30, 9, tzinfo=UTC)
ROOM = wire.Room(
    number="8123", title="Bauabnahme", owner="Anna Amsel", kind="booked", language="de", starts=TEN,
    ends=TEN + timedelta(hours=1), most=20, waits=True, recording=False, dial_in="+49", moderates=True, rev=1,
)  # fmt: skip


async def listed(_request: web.Request) -> web.Response:
    return answer({"rooms": [ROOM]})


async def test_an_administrator_reads_the_time_that_was_typed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(RIGHT.replace("{folder}", str(tmp_path)), encoding="utf-8")
    (tmp_path / "data").mkdir()
    app = web.Application()
    app.router.add_get("/rooms", listed)
    runner = web.AppRunner(app)
    await runner.setup()

    def run() -> None:
        with pytest.raises(SystemExit) as left:
            main(["room", "list", "--config", str(config)])
        assert left.value.code == 0

    with monkeypatch.context() as here:
        here.setenv("TZ", "Europe/Berlin")
        time.tzset()
        try:
            await web.UnixSite(runner, str(tmp_path / "data" / "control.sock")).start()
            await asyncio.to_thread(run)
        finally:
            await runner.cleanup()
            here.undo()
            time.tzset()
    assert capsys.readouterr().out.startswith("8123      2026-11-30 10:00  Anna Amsel ")
