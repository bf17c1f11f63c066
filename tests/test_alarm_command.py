"""`ami-bridge alarm`: what it asks the daemon, what it says, and that it reckons the log's chain itself."""

import asyncio
import csv
import hashlib
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from aiohttp import web

from ami_bridge.alarms.chain import chained
from ami_bridge.alarms.model import LogEntry
from ami_bridge.cli import main
from ami_bridge.demo.ports import free_tcp

NOON = "2026-11-21T12:00:00.123456Z"
ALARM = {
    "id": "A1", "raised_at": NOON, "priority": 2, "state": "unacknowledged", "text": "Gasmotor steht",
    "next": ["Eva Eule"],
    "attempts": [{"started_at": NOON, "person": "Dieter Dachs", "number": "104", "state": "done", "outcome": "busy"}],
}  # fmt: skip
WAYS = [{"number": "104"}, {"number": "+4917139200001"}]
ROWS = [
    {"name": "Dieter Dachs", "seconds": 7.2, "text": "bestätigt", "ways": WAYS},
    {"name": "Anna Amsel", "seconds": None, "text": "besetzt", "ways": [{"number": "101"}]},
]
REPORT = {
    "id": "T1", "started_at": NOON, "ended_at": None, "headline": "0 von 2 haben bestätigt (0 %)", "people": 2,
    "confirmed": 0, "rows": [], "again": ["Anna Amsel"],
}  # fmt: skip
OVER = REPORT | {"ended_at": NOON, "headline": "1 von 2 haben bestätigt (50 %)", "confirmed": 1, "rows": ROWS}
ROTA = {
    "calendar": "bereitschaft", "ladders": ["plant"],
    "shifts": [{"starts": NOON, "ends": NOON, "rank": 1, "logins": ["dieter"], "strangers": []}],
    "gaps": [{"starts": NOON, "ends": NOON, "rank": 2}], "troubles": [{"text": "Lücke am Montag"}],
}  # fmt: skip
BEGAN = datetime(2026, 11, 21, 12, 0, 0, 5, tzinfo=UTC)
ENTRIES = [
    LogEntry(at=BEGAN + timedelta(seconds=n), actor="engine", kind="rang", alarm="A1", data={"n": n, "of": "=1+1"})
    for n in range(2500)
]


class Daemon:
    """Answers as the real one, and remembers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.wishes: list[Any] = []
        self.answers: list[Any] = []
        self.log: list[Any] = msgspec.to_builtins(chained(ENTRIES, 0, ""))

    async def answer(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer amib_of-eva"
        self.asked.append((request.method, request.raw_path))
        if request.can_read_body:
            assert request.headers["Idempotency-Key"]
            self.wishes.append(await request.json())
        return web.json_response(self.answers.pop(0))

    async def lines(self, request: web.Request) -> web.Response:
        after, limit = int(request.query["after"]), int(request.query["limit"])
        page = [one for one in self.log if one["seq"] > after][:limit]
        return web.json_response({"lines": page, "next": page[-1]["seq"] if len(page) == limit else None})


class Terminal:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.daemon = Daemon()
        self._capsys = capsys

    async def runs(self, *words: str, answers: tuple[Any, ...] = ()) -> tuple[int, str, str]:
        self.daemon.answers = list(answers)

        def run() -> int:
            with pytest.raises(SystemExit) as left:
                main(["alarm", *words])
            assert isinstance(left.value.code, int)
            return left.value.code

        code = await asyncio.to_thread(run)
        out, err = self._capsys.readouterr()
        return code, out, err


@pytest.fixture
async def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Terminal]:
    one = Terminal(capsys)
    app = web.Application()
    app.router.add_get("/api/v1/alarms/log", one.daemon.lines)
    app.router.add_route("*", "/api/v1/alarms{rest:.*}", one.daemon.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_tcp()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    monkeypatch.setenv("AMI_BRIDGE_TOKEN", "amib_of-eva")
    monkeypatch.setenv("AMI_BRIDGE_URL", f"ws://127.0.0.1:{port}/api/v1/ws")
    yield one
    await runner.cleanup()


async def test_what_is_open_is_listed_and_one_is_shown_and_confirmed(terminal: Terminal) -> None:
    code, out, _ = await terminal.runs(answers=({"alarms": [ALARM]},))
    assert code == 0
    assert out.startswith("A1  2026-11-21 ")
    assert out.endswith("2  unacknowledged   Gasmotor steht  [Eva Eule]\n")
    assert (await terminal.runs("list", "--closed", answers=({"alarms": []},)))[1] == "no alarms\n"
    shown = (await terminal.runs("show", "A1", answers=(ALARM,)))[1].splitlines()
    assert shown[1].split() == [*shown[1].split()[:2], "Dieter", "Dachs", "104", "busy"]
    eva = ALARM | {"state": "acknowledged", "acknowledged": {"name": "Eva Eule"}}
    assert (await terminal.runs("ack", "A/1", answers=(eva,)))[1].splitlines()[0].endswith("[Eva Eule]")
    assert (await terminal.runs("ack"))[::2] == (
        1,
        "ami-bridge: name the alarm; `alarm list` shows those that there are\n",
    )
    assert terminal.daemon.asked == [
        ("GET", "/api/v1/alarms"),
        ("GET", "/api/v1/alarms?state=closed"),
        ("GET", "/api/v1/alarms/A1"),
        ("POST", "/api/v1/alarms/A%2F1/acknowledge"),
    ]


async def test_a_test_is_waited_for_and_who_was_not_reached_is_told(terminal: Terminal) -> None:
    code, out, _ = await terminal.runs(
        "test", "--to", "role:plant", "--to", "anna", "--text", "Bitte melden.", "--seconds", "60", "--wait",
        answers=(REPORT, REPORT, OVER),
    )  # fmt: skip
    assert code == 1
    first, dieter, anna = out.splitlines()
    assert first.endswith("1 von 2 haben bestätigt (50 %)")
    assert dieter.split() == ["Dieter", "Dachs", "104", "+4917139200001", "bestätigt", "7", "s"]
    assert anna.endswith("besetzt  (zum zweiten Mal)")
    assert terminal.daemon.wishes == [{"to": ["role:plant", "anna"], "text": "Bitte melden.", "seconds": 60}]
    assert [path for _, path in terminal.daemon.asked] == ["/api/v1/alarms/tests", *["/api/v1/alarms/tests/T1"] * 2]
    all_ = OVER | {"confirmed": 2}
    code, out, _ = await terminal.runs("reach", "--json", answers=({"tests": [{"id": "T1"}]}, all_))
    assert (code, json.loads(out)) == (0, all_)
    assert "(under way)" in (await terminal.runs("reach", "T1", answers=(REPORT,)))[1]
    assert (await terminal.runs("reach", answers=({"tests": []},)))[0] == 1
    assert (await terminal.runs("test"))[0] == 1


async def test_the_rota_is_shown_with_its_gaps(terminal: Terminal) -> None:
    code, out, _ = await terminal.runs("rota", answers=({"rotas": [ROTA]},))
    assert code == 0
    head, shift, gap, trouble = out.splitlines()
    assert head == "bereitschaft  (plant)"
    assert shift.endswith("1  dieter")
    assert gap.endswith("2  nobody")
    assert trouble == "  ! Lücke am Montag"


async def test_the_log_is_exported_and_its_chain_reckoned_by_the_command(terminal: Terminal) -> None:
    code, out, err = await terminal.runs("log", "--export", "csv", "--check")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (code, len(rows)) == (0, 2500)
    assert err == f"whole: 2500 lines, the last one 2500 with {rows[-1]['hash']}\n"
    code, out, _ = await terminal.runs("log", "--export", "json")
    assert [json.loads(line)["seq"] for line in out.splitlines()] == list(range(1, 2501))
    assert "rang" in (await terminal.runs("log"))[1].splitlines()[0]
    terminal.daemon.log = terminal.daemon.log[1500:]  # what was older is deleted by now
    assert (await terminal.runs("log", "--check"))[:2] == (
        0,
        f"whole: 1000 lines, the last one 2500 with {rows[-1]['hash']}\n",
    )
    terminal.daemon.log[700]["actor"] = "somebody"
    assert (await terminal.runs("log", "--check"))[:2] == (1, "line 2201 is missing or was changed\n")
    del terminal.daemon.log[10]
    assert (await terminal.runs("log", "--check"))[:2] == (1, "line 1511 is missing or was changed\n")
    terminal.daemon.log = []
    assert (await terminal.runs("log", "--check"))[:2] == (0, "whole: 0 lines\n")


def test_a_code_is_printed_as_it_is_kept_and_is_never_an_argument(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("471100\n"))
    with pytest.raises(SystemExit, match="0"):
        main(["alarm", "code"])
    _, salt, hashed = capsys.readouterr().out.strip().split(":")
    assert len(salt) == 16
    assert hashed == hashlib.sha1(f"{salt}471100".encode()).hexdigest()  # noqa: S324 - what the PBX can reckon
    monkeypatch.setattr("sys.stdin", io.StringIO("47a1\n"))
    with pytest.raises(SystemExit, match="1"):
        main(["alarm", "code"])
    assert "4 to 12 digits" in capsys.readouterr().err
