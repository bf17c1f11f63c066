"""`ami-bridge control`: what it asks the daemon, and what it says."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from ami_bridge.cli import main
from ami_bridge.demo.ports import free_tcp

TOKEN = "amib_of-anna"
NOBODY: dict[str, Any] = {"name": None, "display": None}
TALK = {
    "id": "C1", "state": "answered", "peer": {"name": "Dr. Huber", "display": "030 1"},
    "waits": {"name": None, "display": "102"}, "actions": ["hangup", "transfer"],
}  # fmt: skip
RINGS = {"id": "C2/../x", "state": "ringing", "peer": NOBODY, "waits": None, "actions": ["reject", "redirect"]}


class Daemon:
    """Answers as the real one, and remembers."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = [TALK, RINGS]
        self.done: list[tuple[str, Any]] = []
        self.keys: set[str] = set()

    async def tell(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        return web.json_response({"calls": self.calls})

    async def act(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        body = await request.json()
        if body.get("to") == "0900":
            return web.json_response({"detail": "You may not dial this."}, status=403)
        self.done.append((request.raw_path, body))
        self.keys.add(request.headers["Idempotency-Key"])
        return web.json_response({"call": request.match_info["id"]})


class Terminal:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.daemon = Daemon()
        self._capsys = capsys

    async def runs(self, *words: str) -> tuple[int, str, str]:
        def run() -> int:
            with pytest.raises(SystemExit) as left:
                main(["control", *words])
            assert isinstance(left.value.code, int)
            return left.value.code

        code = await asyncio.to_thread(run)
        out, err = self._capsys.readouterr()
        return code, out, err


@pytest.fixture
async def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Terminal]:
    one = Terminal(capsys)
    app = web.Application()
    app.router.add_get("/api/v1/calls", one.daemon.tell)
    app.router.add_post("/api/v1/calls/{id}/{verb}", one.daemon.act)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_tcp()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    monkeypatch.setenv("AMI_BRIDGE_TOKEN", TOKEN)
    monkeypatch.setenv("AMI_BRIDGE_URL", f"ws://127.0.0.1:{port}/api/v1/ws")
    yield one
    await runner.cleanup()


async def test_ones_calls_are_listed_with_what_can_be_done(terminal: Terminal) -> None:
    code, out, _ = await terminal.runs()
    assert code == 0
    assert out.splitlines() == [
        "C1  answered    Dr. Huber (102 waits)  [hangup transfer]",
        "C2/../x  ringing     ?  [reject redirect]",
    ]
    assert json.loads((await terminal.runs("list", "--json"))[1]) == [TALK, RINGS]
    terminal.daemon.calls = []
    assert (await terminal.runs())[1] == "no calls\n"


async def test_the_only_call_that_can_be_told_so_needs_no_name(terminal: Terminal) -> None:
    assert (await terminal.runs("redirect", "--to", "102"))[:2] == (0, "done\n")
    assert (await terminal.runs("transfer", "--to", "030 1", "--confirmed", "--extension", "101"))[0] == 0
    assert terminal.daemon.done == [
        ("/api/v1/calls/C2%2F..%2Fx/redirect", {"to": "102"}),
        ("/api/v1/calls/C1/transfer", {"to": "030 1", "extension": "101", "confirmed": True}),
    ]
    assert len(terminal.daemon.keys) == 2
    code, out, err = await terminal.runs("park")
    assert (code, out) == (1, "")
    assert err == "ami-bridge: none of your calls can be told to park; name one by its id\n"


async def test_a_call_is_named_by_its_id_and_what_is_told_goes_with_it(terminal: Terminal) -> None:
    assert (await terminal.runs("conference", "C1", "--add", "102", "--add", "103"))[0] == 0
    assert (await terminal.runs("note", "C1", "--text", "ruft zurück", "--json"))[:2] == (0, '{"call": "C1"}\n')
    assert terminal.daemon.done == [
        ("/api/v1/calls/C1/conference", {"add": ["102", "103"]}),
        ("/api/v1/calls/C1/note", {"text": "ruft zurück"}),
    ]


async def test_what_the_daemon_refuses_is_told_in_its_words(terminal: Terminal) -> None:
    assert (await terminal.runs("transfer", "C1", "--to", "0900"))[::2] == (1, "ami-bridge: You may not dial this.\n")


async def test_nobody_there_is_one_sentence(terminal: Terminal) -> None:
    nowhere = f"ws://127.0.0.1:{free_tcp()}/api/v1/ws"
    assert (await terminal.runs("hangup", "C1", "--url", nowhere))[::2] == (
        1,
        "ami-bridge: the daemon does not answer\n",
    )


async def test_an_unknown_verb_is_wrong_usage(terminal: Terminal) -> None:
    code, _, err = await terminal.runs("explode")
    assert code == 2
    assert "hangup" in err
