"""Which token a program at a desk shows: against a socket that answers as brokers do, well or badly."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ami_bridge.desktop import signin
from ami_bridge.desktop.signin import (
    LaterError,
    NoTokenError,
    SignIn,
    ask_broker,
    host,
    keep_token,
    read_token,
    token_file,
)

NOON = 1_795_262_400.0
TODAY = "2026-11-22T00:00:00Z"


@contextmanager
def broker(path: Path, *answers: bytes) -> Iterator[list[dict[str, object]]]:
    """Answer one question after the other; yields what was asked."""
    asked: list[dict[str, object]] = []

    def serve() -> None:
        for answer in answers:
            connection, _ = listening.accept()
            with connection, connection.makefile("rb") as lines:
                asked.append(json.loads(lines.readline()))
                connection.sendall(answer)

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield asked
        finally:
            thread.join(10)
            path.unlink()


def granted(token: str, expires: str = TODAY) -> bytes:
    return json.dumps({"token": token, "expires": expires, "url": "https://telefon.example"}).encode() + b"\n"


def made(folder: Path, clock: Callable[[], float] = lambda: NOON) -> SignIn:
    environ = {"AMI_BRIDGE_BROKER": str(folder / "b.sock"), "AMI_BRIDGE_HOST": "thin-17"}
    return SignIn("desktop", file=str(folder / "token"), environ=environ, clock=clock)


def test_the_broker_comes_first_and_is_asked_once(tmp_path: Path) -> None:
    keep_token(tmp_path / "token", "amib_file")
    sign_in = made(tmp_path)
    with broker(tmp_path / "b.sock", granted("amib_day")) as asked:
        assert (sign_in.token(), sign_in.url) == ("amib_day", "https://telefon.example")
        assert asked == [{"name": "desktop", "host": "thin-17"}]
    assert sign_in.token() == "amib_day", "the broker is gone, its token holds"
    assert sign_in.token(refused="amib_older") == "amib_day"


def test_a_token_that_was_refused_or_ends_soon_is_asked_for_anew(tmp_path: Path) -> None:
    now = [NOON]
    sign_in = made(tmp_path, lambda: now[0])
    with broker(tmp_path / "b.sock", granted("one"), granted("two"), granted("three", "2026-11-23T00:00:00Z")):
        assert sign_in.token() == "one"
        assert sign_in.token(refused="one") == "two"
        now[0] += 12 * 3600 - 301
        assert sign_in.token() == "two"
        now[0] += 1
        assert sign_in.token() == "three"


def test_without_a_broker_the_file_counts_but_not_what_was_refused(tmp_path: Path) -> None:
    sign_in = made(tmp_path)
    assert sign_in.token() is None
    keep_token(tmp_path / "token", "amib_file")
    assert (sign_in.token(), sign_in.url) == ("amib_file", "")
    assert sign_in.token(refused="amib_file") is None
    keep_token(tmp_path / "token", "amib_other")
    assert sign_in.token(refused="amib_file") == "amib_other"


def test_a_broker_that_refuses_says_why_and_the_file_counts(tmp_path: Path) -> None:
    keep_token(tmp_path / "token", "amib_file")
    no = b'{"code": "not_found", "message": "The staff book has no card with this login."}\n'
    environ = {"AMI_BRIDGE_BROKER": str(tmp_path / "b.sock")}
    with broker(tmp_path / "b.sock", no, no):
        with pytest.raises(NoTokenError, match="no card"):
            ask_broker("desktop", environ)
        assert made(tmp_path).token() == "amib_file"


@pytest.mark.parametrize(
    "answer", [b"", b"\n", b"{}\n", b"[]\n", b"null\n", b"\xff\n", b"x" * 9000, b'{"token": 1}\n', b'{"message": ""}\n']
)
def test_a_broker_that_talks_nonsense_is_none(tmp_path: Path, answer: bytes) -> None:
    with broker(tmp_path / "b.sock", answer):
        assert made(tmp_path).token() is None


def test_a_broker_that_says_nothing_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signin, "ANSWER_WITHIN", 0.1)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "b.sock"))
        listening.listen()
        with pytest.raises(LaterError, match="No broker answers"):
            made(tmp_path).token()
        keep_token(tmp_path / "token", "amib_file")
        assert made(tmp_path).token() == "amib_file", "who has one of their own is not kept waiting"


def test_a_broker_that_cannot_just_now_is_asked_again_soon_and_one_that_refuses_later(tmp_path: Path) -> None:
    now = [NOON]
    sign_in = made(tmp_path, lambda: now[0])
    away = b'{"code": "unavailable", "message": "The daemon does not answer at the moment."}\n'
    no = b'{"code": "refused", "message": "The staff book has no card with this login."}\n'
    with broker(tmp_path / "b.sock", away, no, granted("amib_day")) as asked:
        for _ in range(3):
            with pytest.raises(LaterError, match="does not answer"):
                sign_in.token()
        assert len(asked) == 1
        now[0] += signin.TRY_AGAIN_AFTER
        assert [sign_in.token() for _ in range(3)] == [None] * 3
        now[0] += signin.ASK_AGAIN_AFTER - 1
        assert (sign_in.token(), len(asked)) == (None, 2)
        now[0] += 1
        assert sign_in.token() == "amib_day"


def test_a_token_file_is_ones_own_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "config" / "ami-bridge" / "token"
    keep_token(path, "amib_1")
    keep_token(path, "amib_2")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["token"]
    assert read_token(path) == "amib_2"


def test_a_file_that_was_everybodys_is_so_no_longer(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("amib_old")
    path.chmod(0o644)
    keep_token(path, "amib_new")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_in_the_place_of_the_file_leads_nowhere(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("untouched")
    path = tmp_path / "token"
    path.symlink_to(other)
    keep_token(path, "amib_new")
    assert (other.read_text(), read_token(path), path.is_symlink()) == ("untouched", "amib_new", False)


@pytest.mark.parametrize("text", ["", "\n", "two words", "a\nb", "ü", "x" * 201, "a\0b", "amib_\x7f"])
def test_what_is_no_token_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "token").write_text(text, encoding="utf-8")
    assert read_token(tmp_path / "token") is None
    assert read_token(tmp_path) is None


def test_the_machine_is_where_somebody_sits(tmp_path: Path) -> None:
    assert host({"AMI_BRIDGE_HOST": " thin-1 ", "LTSP_CLIENT_HOSTNAME": "thin-2"}) == "thin-1"
    assert host({"AMI_BRIDGE_HOST": "", "LTSP_CLIENT_HOSTNAME": "thin-2"}) == "thin-2"
    assert host({}) == socket.gethostname()
    assert token_file({"XDG_CONFIG_HOME": str(tmp_path)}) == tmp_path / "ami-bridge" / "token"
