"""The command line: what it says, where it says it, and its exit codes."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from ami_bridge import __version__
from ami_bridge.cli import main
from ami_bridge.web.asyncapi import document

RIGHT = """\
[[pbx]]
id = "rathaus"
port = 1
secret = "hush-hush"
[pbx.questions]
listen = "http://127.0.0.1:0"
secret = "dialplan"
[groupware]
url = "http://127.0.0.1:1"
[web]
listen = "http://127.0.0.1:0"
[database]
url = "sqlite://{folder}/data/bridge.sqlite"
"""
SOON = 20.0
COMMAND = (sys.executable, "-m", "ami_bridge")
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}


class Shell:
    """A terminal in a folder of its own, with nothing set that ami-bridge looks at."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.config = folder / "config.toml"
        self.out = ""
        self.err = ""
        self._capsys = capsys

    def configure(self, text: str = RIGHT) -> str:
        self.config.write_text(text.replace("{folder}", str(self.folder)), encoding="utf-8")
        return str(self.config)

    def run(self, *words: str) -> int:
        """Run `ami-bridge …` and return its exit code."""
        with pytest.raises(SystemExit) as left:
            main(words)
        self.out, self.err = self._capsys.readouterr()
        assert isinstance(left.value.code, int)
        return left.value.code

    def start(self, *words: str) -> tuple[int, str, str]:
        """Run it as a process of its own: its exit code, and what it wrote on stdout and stderr."""
        ended = subprocess.run(
            COMMAND + words, capture_output=True, text=True, timeout=SOON, env=ENVIRONMENT, check=False
        )
        return ended.returncode, ended.stdout, ended.stderr

    def refused(self, *words: str) -> str:
        """Run what must fail: exit code 1, nothing on stdout, one sentence on stderr."""
        assert self.run(*words) == 1
        assert self.out == ""
        assert self.err.startswith("ami-bridge: ")
        assert self.err.count("\n") == 1
        return self.err.removeprefix("ami-bridge: ").strip()


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("AMI_BRIDGE_URL", "AMI_BRIDGE_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return Shell(tmp_path, capsys)


def test_a_right_configuration_is_said_to_be_right(shell: Shell) -> None:
    assert shell.run("check-config", "--config", shell.configure()) == 0
    assert shell.out == f"{shell.config}: right; it serves rathaus and listens on http://127.0.0.1:0\n"
    assert shell.err == ""
    assert [*shell.folder.iterdir()] == [shell.config]  # nothing was made


@pytest.mark.parametrize(
    ("right", "wrong", "where"),
    [
        ("port = 1", 'port = "one"', "[pbx[0].port]: Expected `int`"),
        ("port = 1", "prot = 1", "[pbx[0]]: Object contains unknown field `prot`"),
        ('secret = "hush-hush"\n', "", "[pbx.secret_file] is missing for rathaus"),
        ("http://127.0.0.1:0", "http://192.0.2.1:80", "[pbx.questions.listen]"),
        ("sqlite://{folder}/data/bridge.sqlite", "mysql://127.0.0.1/bridge", "[database.url]"),
        ("[[pbx]]", "[[pbx", "is not TOML"),
    ],
)
def test_a_wrong_one_is_told_with_file_section_and_key(shell: Shell, right: str, wrong: str, where: str) -> None:
    said = shell.refused("check-config", "--config", shell.configure(RIGHT.replace(right, wrong)))
    assert said.startswith(f"{shell.config}: {where}")
    assert "hush-hush" not in said


@pytest.mark.parametrize("words", [("check-config",), ("run",), ("migrate",), ("token", "list", "--user", "anna")])
def test_no_configuration_is_one_sentence(shell: Shell, words: tuple[str, ...]) -> None:
    assert (
        shell.refused(*words, "--config", "nothing.toml") == "nothing.toml: cannot be read: No such file or directory"
    )


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("fly",),
        ("run", "--colour"),
        ("token",),
        ("token", "new"),
        ("token", "eat", "--user", "anna"),
        ("watch", "--language", "fr"),
        ("demo", "call", "--seconds", "long"),
        ("lookup",),
        ("phonebook",),
        ("phonebook", "eat", "desk"),
    ],
)
def test_wrong_usage_is_2_and_says_how_it_is_used(shell: Shell, words: tuple[str, ...]) -> None:
    assert shell.run(*words) == 2
    assert shell.err.startswith("usage: ami-bridge")


def test_version_and_help_are_0(shell: Shell) -> None:
    assert shell.run("--version") == 0
    assert shell.out == f"ami-bridge {__version__}\n"
    assert shell.run("token", "--help") == 0


@pytest.mark.parametrize("words", [("new",), ("list",), ("revoke", "T1")], ids=lambda words: words[0])
def test_token_without_a_daemon_is_one_sentence_that_says_what_to_do(shell: Shell, words: tuple[str, ...]) -> None:
    said = shell.refused("token", *words, "--user", "anna", "--config", shell.configure())
    assert said == f"no daemon answers on {shell.folder}/data/control.sock: start it with `ami-bridge run`"


@pytest.mark.parametrize(
    "words", [("lookup", "+4930"), ("sync",), ("phonebook", "list"), ("phonebook", "add", "desk")], ids=" ".join
)
def test_what_a_daemon_is_needed_for_says_so(shell: Shell, words: tuple[str, ...]) -> None:
    said = shell.refused(*words, "--config", shell.configure())
    assert said == f"no daemon answers on {shell.folder}/data/control.sock: start it with `ami-bridge run`"


def test_a_device_must_be_named(shell: Shell) -> None:
    assert "phonebook list" in shell.refused("phonebook", "add", "--config", shell.configure())


def test_revoking_needs_to_know_which(shell: Shell) -> None:
    assert "token list" in shell.refused("token", "revoke", "--user", "anna", "--config", shell.configure())


def test_migrate_makes_the_database_and_says_its_schema(shell: Shell) -> None:
    code, said, log = shell.start("migrate", "--config", shell.configure())
    assert (code, said.startswith("the schema is 0"), said.count("\n")) == (0, True, 1)
    assert all(json.loads(line)["event"].startswith("db.") for line in log.splitlines())
    assert (shell.folder / "data" / "bridge.sqlite").is_file()


def test_watch_without_anything_says_what_to_do(shell: Shell) -> None:
    said = shell.refused("watch")
    for word in ("--url", "$AMI_BRIDGE_URL", "make demo"):
        assert word in said


def test_watch_without_a_token_says_what_to_do(shell: Shell) -> None:
    said = shell.refused("watch", "--url", "ws://127.0.0.1:1/api/v1/ws")
    assert str(shell.folder / "home/.config/ami-bridge/token") in said
    assert "ami-bridge token new" in said


@pytest.mark.parametrize("content", [b"", b"\n", b"one\ntwo", b"\xff\xfe", b"amib_\x1b"])
def test_a_token_file_without_a_token_is_told(shell: Shell, content: bytes) -> None:
    (shell.folder / "token").write_bytes(content)
    said = shell.refused("watch", "--url", "ws://127.0.0.1:1/api/v1/ws", "--token-file", "token")
    assert said == "there is no token in token; make one by `ami-bridge token new`"


@pytest.mark.parametrize("url", ["ws://127.0.0.1:1/api/v1/ws", "nonsense", "ws://[::1/"])
def test_watching_where_nobody_is_is_one_sentence(shell: Shell, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMI_BRIDGE_TOKEN", "amib_x")
    monkeypatch.setenv("AMI_BRIDGE_URL", url)
    assert "is the daemon running?" in shell.refused("watch")


def test_the_demos_tokens_are_for_the_demo_alone(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    (shell.folder / ".demo").mkdir()
    demo = {
        "websocket": "ws://127.0.0.1:1/api/v1/ws",
        "people": [{"user": "anna", "extension": "101", "token": "amib_anna"}],
    }
    (shell.folder / ".demo" / "demo.json").write_text(json.dumps(demo))
    assert "is the daemon running?" in shell.refused("watch")
    assert "is the daemon running?" in shell.refused("watch", "--user", "101")
    assert shell.refused("watch", "--user", "zoe") == "nobody in the demo is zoe"
    assert "cannot be read" in shell.refused("watch", "--url", "ws://127.0.0.1:2/elsewhere")
    monkeypatch.setenv("AMI_BRIDGE_URL", "ws://127.0.0.1:2/elsewhere")
    assert "cannot be read" in shell.refused("watch")


@contextmanager
def a_daemon(shell: Shell, text: str = RIGHT) -> Iterator["subprocess.Popen[str]"]:
    """The daemon as a process of its own, once it says that it is ready."""
    log = shell.folder / "log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            (*COMMAND, "run", "--config", shell.configure(text)), stderr=errors, text=True, env=ENVIRONMENT
        )
    try:
        until = time.monotonic() + SOON
        while "daemon.ready" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.02)
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_daemon_tells_its_figures_and_is_ready_with_names_after_the_first_look(shell: Shell) -> None:
    with a_daemon(shell):
        lines = [json.loads(line) for line in (shell.folder / "log").read_text().splitlines()]
        web = next(f"http://127.0.0.1:{line['web']}" for line in lines if line["event"] == "daemon.ready")
        until = time.monotonic() + SOON
        while True:
            try:
                with urlopen(f"{web}/readyz/names") as got:  # noqa: S310 - our own
                    assert got.status == 200
                break
            except HTTPError:  # not yet; a groupware that is away ends the look too
                assert time.monotonic() < until
                time.sleep(0.02)
        with urlopen(f"{web}/metrics") as got:  # noqa: S310 - our own
            told = got.read().decode()
    for line in (
        'ami_bridge_ami_connected{pbx="rathaus"} 0.0',
        'ami_bridge_ami_events_total{pbx="rathaus"} 0.0',
        'ami_bridge_calls_active{pbx="rathaus"} 0.0',
        "ami_bridge_ws_clients 0.0",
        "ami_bridge_ws_slow_disconnects_total 0.0",
        "ami_bridge_journal_waiting 0.0",
        "ami_bridge_build_info{version=",
    ):
        assert line in told


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_daemon_serves_the_command_line_and_stops_when_it_is_told(shell: Shell, how: signal.Signals) -> None:
    """Neither Asterisk nor the groupware is there: that is no reason not to start."""
    with a_daemon(shell) as process:
        config = str(shell.config)
        assert shell.run("token", "list", "--user", "anna", "--config", config) == 0
        assert shell.out == ""
        assert shell.run("token", "list", "--user", "anna", "--config", config, "--json") == 0
        assert json.loads(shell.out) == []
        assert shell.run("token", "list", "--user", "amsel/anna #1", "--config", config) == 0, "whatever a login has"
        assert shell.run("lookup", "+493023125001", "--config", config) == 0
        assert "bubble      no name" in shell.out
        assert shell.run("lookup", "nobody", "--config", config) == 0
        assert shell.out == "This is no telephone number: no book is asked.\n"
        assert shell.refused("lookup", "1", "--user", "x", "--config", config).startswith("Nobody in the staff book")
        assert shell.run("phonebook", "add", "desk", "--config", config) == 0
        assert len(shell.out.strip()) > 20
        assert shell.run("phonebook", "list", "--config", config) == 0
        assert shell.out.split() == ["desk", "-", "never", "used"]
        assert shell.run("phonebook", "revoke", "desk", "--config", config) == 0
        assert shell.refused("phonebook", "revoke", "desk", "--config", config) == "There is no such device.\n".strip()
        assert shell.run("sync", "--config", config) == 0
        assert shell.out.startswith("done: ")
        said = shell.refused("token", "new", "--user", "anna", "--config", config)
        assert said == "Nobody in the staff book has the login 'anna'; known are: nobody."
        code, _, log = shell.start("run", "--config", config)
        assert code == 1
        assert log.splitlines()[-1].endswith(f"{shell.folder}/data is in use by another ami-bridge; stop that one")
        assert "Traceback" not in log
        ready = next(one for one in map(json.loads, (shell.folder / "log").read_text().splitlines()) if "web" in one)
        with urlopen(f"http://127.0.0.1:{ready['web']}/api/v1/asyncapi.yaml", timeout=SOON) as contract:
            assert json.load(contract) == document()
        process.send_signal(how)
        assert process.wait(SOON) == 0
    log = (shell.folder / "log").read_text()
    assert "Traceback" not in log
    assert not (shell.folder / "data" / "control.sock").exists()
    for line in log.splitlines():
        assert {"event", "level", "ts"} <= set(json.loads(line))


def test_a_persons_password_is_never_an_argument(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    config = shell.configure()
    assert shell.run("book", "add", "anna", "secret", "--config", config) == 2
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert shell.refused("book", "add", "anna", "--config", config) == "no password was given"
    monkeypatch.setattr(sys, "stdin", io.StringIO("secret\n"))
    complaint = shell.refused("book", "add", "anna", "--config", config)
    assert "no daemon answers" in complaint
    assert "secret" not in complaint + shell.out
    for verb in ("add", "remove"):
        assert shell.refused("book", verb, "--config", config) == "name the person by their login"


PEOPLE = """\
[people]
extensions = { "anna.o'brien" = ["101"], eva = [] }
roles = { eva = ["auditor"] }
"""


def test_what_is_stored_of_a_person_is_handed_out_erased_and_that_is_written_down(shell: Shell) -> None:
    config = ("--config", str(shell.config))
    with a_daemon(shell, RIGHT + PEOPLE):
        until = time.monotonic() + SOON
        while shell.run("token", "new", "--user", "anna.o'brien", "--name", "Zaunkönig", *config):
            assert time.monotonic() < until, shell.err
            time.sleep(0.05)
        assert shell.refused("export", "nobody", *config).startswith("Nothing is stored about 'nobody'")
        assert shell.run("export", "anna.o'brien", *config) == 0
        found = json.loads(shell.out)
        assert [one["name"] for one in found["tokens"]] == ["Zaunkönig"]
        assert "hash" not in found["tokens"][0]
        assert shell.refused("erase", "anna.o'brien", *config).startswith("nothing was deleted: say --yes")
        assert shell.run("erase", "anna.o'brien", "--yes", *config) == 0
        assert "     1  tokens\n" in shell.out
        assert shell.run("export", "anna.o'brien", *config) == 0
        assert json.loads(shell.out)["tokens"] == []
        assert shell.refused("audit", "--user", "anna.o'brien", *config).startswith(
            "Only somebody with the role auditor"
        )
        assert shell.run("audit", "--user", "eva", "--json", *config) == 0
        told = [(one["who"].partition(" ")[0], one["did"], one["whose"]) for one in json.loads(shell.out)]
        assert sorted(told) == [
            ("account", "erase", "anna.o'brien"),
            ("account", "export", "anna.o'brien"),
            ("account", "export", "anna.o'brien"),
            ("eva", "read", "audit"),
        ]
        assert shell.run("audit", "--user", "eva", "--limit", "1", *config) == 0
        assert shell.out.count("\n") == 1
    files = b"".join(file.read_bytes() for file in (shell.folder / "data").iterdir() if file.is_file())
    assert "Zaunkönig".encode() not in files
