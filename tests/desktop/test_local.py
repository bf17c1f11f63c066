"""The socket beside a screen: one client per screen, for its owner alone, asked by whoever has no secret."""

import asyncio
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ami_bridge.desktop import local
from ami_bridge.desktop.local import Act, Answer, Dial, NobodyThereError, Question, Quit, Status, TakenError


@pytest.fixture
def at() -> Iterator[Path]:
    with TemporaryDirectory(prefix="amib-") as short:  # a socket's path may have 107 bytes
        yield Path(short) / "ami-bridge" / ":7.sock"


async def echo(question: Question) -> Answer:
    match question:
        case Dial(to=to):
            return Answer(ok=True, call=f"call to {to}")
        case Act():
            return Answer(ok=False, code="gone", message="That call is over.")
        case Status():
            return Answer(ok=True, link="connected", calls=(local.Shown(id="1", state="ringing", peer="Erika"),))
        case Quit():
            return Answer(ok=True)


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"DISPLAY": ":10.0"}, ":10"),
        ({"DISPLAY": ":10"}, ":10"),
        ({"DISPLAY": "localhost:10.0"}, "localhost:10"),
        ({"DISPLAY": "/private/tmp/x/org:0"}, "_private_tmp_x_org:0"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "wayland-0"),
        ({"DISPLAY": ":1", "WAYLAND_DISPLAY": "wayland-0"}, ":1"),
        ({"DISPLAY": "../../etc/x:0"}, "_.._etc_x:0"),
        ({}, "none"),
    ],
)
def test_every_screen_has_a_name_of_its_own(environ: dict[str, str], name: str) -> None:
    assert local.screen(environ) == name
    assert local.address({**environ, "XDG_RUNTIME_DIR": "/run/user/7"}) == Path(f"/run/user/7/ami-bridge/{name}.sock")


async def test_who_asks_is_answered(at: Path) -> None:
    with local.only_one(at):
        async with local.serve(at, echo):
            dialled = await asyncio.to_thread(local.ask, Dial(to="+4989", key="k"), at=at)
            acted = await asyncio.to_thread(local.ask, Act(verb="reject"), at=at)
            status = await asyncio.to_thread(local.ask, Status(), at=at)
    assert dialled == Answer(ok=True, call="call to +4989")
    assert acted == Answer(ok=False, code="gone", message="That call is over.")
    assert [one.peer for one in status.calls] == ["Erika"]


def mode(path: Path) -> int | None:
    return stat.S_IMODE(path.stat().st_mode) if path.exists() else None


async def test_it_is_for_its_owner_alone_and_gone_afterwards(at: Path) -> None:
    with local.only_one(at):
        async with local.serve(at, echo):
            assert [mode(at), mode(at.parent)] == [0o600, 0o700]
    assert mode(at) is None
    with pytest.raises(NobodyThereError):
        local.ask(Status(), at=at)


async def test_what_is_no_question_is_said_so_and_the_next_one_is_answered(at: Path) -> None:
    with local.only_one(at):
        async with local.serve(at, echo):
            reader, writer = await asyncio.open_unix_connection(at)
            said = []
            for line in (b"rubbish\n", b'{"op":"open","door":1}\n', b'{"op":"dial"}\n', b'{"op":"status"}\n'):
                writer.write(line)
                said.append(await reader.readline())
            writer.write(b"x" * 100_000)
            assert await reader.read() == b"", "who says too much is sent away"
            writer.close()
    assert [b'"bad_request"' in one for one in said] == [True, True, True, False]


async def test_there_is_one_client_per_screen(at: Path) -> None:
    with local.only_one(at):
        with pytest.raises(TakenError), local.only_one(at):
            pass
        with local.only_one(at.with_name(":8.sock")):
            pass
    with local.only_one(at):
        pass


def leave(at: Path) -> None:
    at.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(at))


async def test_what_a_killed_client_left_behind_is_in_nobodys_way(at: Path) -> None:
    leave(at)
    with pytest.raises(NobodyThereError):
        local.ask(Status(), at=at)
    with local.only_one(at):
        async with local.serve(at, echo):
            assert (await asyncio.to_thread(local.ask, Status(), at=at)).ok


def test_a_folder_that_is_not_ours_is_not_used(at: Path) -> None:
    elsewhere = at.parent.with_name("elsewhere")
    elsewhere.mkdir()
    at.parent.symlink_to(elsewhere)
    with pytest.raises(PermissionError), local.only_one(at):
        pass
