"""Which token a program at a desk shows: the terminal server's broker gives one, else a file of one's own has it."""

import contextlib
import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

BROKER = Path("/run/ami-bridge-broker/socket")
"""Where a terminal server's broker listens; `AMI_BRIDGE_BROKER` names another place."""
TOKEN = Path("ami-bridge") / "token"
ANSWER_WITHIN = 8.0
"""Seconds for the broker, which asks the daemon."""
LONGEST_ANSWER = 4096
LONGEST_TOKEN = 200
AHEAD = 300.0
"""Seconds before its end from which on a token is not used any more."""
HOSTS = ("AMI_BRIDGE_HOST", "LTSP_CLIENT_HOSTNAME")
"""Where the session may say at which machine somebody sits; the terminal server's own name says nothing."""


class Granted(Struct, frozen=True, kw_only=True):
    """What the broker gave."""

    token: str
    expires: datetime
    url: str = ""
    """Where the daemon is."""


class NoTokenError(Exception):
    """There is no token; one sentence says why."""


def host(environ: Mapping[str, str] = os.environ) -> str:
    """Return the name of the machine at which somebody sits."""
    return next((said for name in HOSTS if (said := environ.get(name, "").strip())), socket.gethostname())[:100]


def ask_broker(name: str, environ: Mapping[str, str] = os.environ) -> Granted:
    """Have the broker of this terminal server give a token to whoever runs this; raises NoTokenError."""
    place = environ.get("AMI_BRIDGE_BROKER") or str(BROKER)
    question = json.dumps({"name": name, "host": host(environ)}).encode() + b"\n"
    try:
        with socket.socket(socket.AF_UNIX) as line, line.makefile("rb") as answers:
            line.settimeout(ANSWER_WITHIN)
            line.connect(place)
            line.sendall(question)
            said = answers.readline(LONGEST_ANSWER)
    except (OSError, ValueError) as error:
        raise NoTokenError("No broker answers on this machine.") from error
    with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
        return msgspec.json.decode(said, type=Granted)
    with contextlib.suppress(ValueError, AttributeError):
        if why := json.loads(said).get("message"):
            raise NoTokenError(str(why))
    raise NoTokenError("The broker of this machine gave no answer.")


def read_token(path: Path) -> str | None:
    """Read a token file; None where there is none, or what is there could not stand in a header."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return text if 0 < len(text) <= LONGEST_TOKEN and text.isprintable() and " " not in text else None


def keep_token(path: Path, token: str) -> None:
    """Write a token file that nobody else can read, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w") as file:
            file.write(token + "\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def token_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where one's own token is kept."""
    return Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / TOKEN


class SignIn:
    """Finds a token: the broker's, kept until it ends or is refused, else the file's. Waits for both; use a thread."""

    def __init__(
        self,
        name: str,
        *,
        file: str = "",
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`name` says to the person what the token is for, when they look at their tokens; `file` has one, else."""
        self._name = name
        self._file = Path(file).expanduser() if file else token_file(environ)
        self._environ = environ
        self._clock = clock
        self._granted: Granted | None = None

    @property
    def url(self) -> str:
        """Where the broker says that the daemon is; empty where it said nothing."""
        return self._granted.url if self._granted else ""

    def token(self, refused: str | None = None) -> str | None:
        """Return a token, not the one that was refused just now; None where there is none."""
        if self._granted and (
            self._granted.token == refused or self._granted.expires.timestamp() - AHEAD <= self._clock()
        ):
            self._granted = None
        if self._granted is None:
            with contextlib.suppress(NoTokenError):
                self._granted = ask_broker(self._name, self._environ)
        if self._granted:
            return self._granted.token
        kept = read_token(self._file)
        return None if kept == refused else kept
