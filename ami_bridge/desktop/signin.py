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
LATER = ("unavailable", "rate_limited")
"""Codes of the broker after which it may give one all the same."""
ASK_AGAIN_AFTER, TRY_AGAIN_AFTER = 60.0, 5.0
"""Seconds until a broker is asked again that has refused, or could not just now; it answers nobody without end."""
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

    def __init__(self, why: str, *, later: bool = False) -> None:
        """`later`: it is only not to be had just now."""
        super().__init__(why)
        self.later = later


class LaterError(Exception):
    """The broker that would give a token cannot just now; one sentence says why."""


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
        there = isinstance(error, ConnectionError | TimeoutError)  # and not as on a machine that has none
        raise NoTokenError("No broker answers on this machine.", later=there) from error
    with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
        return msgspec.json.decode(said, type=Granted)
    with contextlib.suppress(ValueError, AttributeError):
        told = json.loads(said)
        if why := told.get("message"):
            raise NoTokenError(str(why), later=told.get("code") in LATER)
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
        self._refusal: NoTokenError | None = None
        self._refused_at = 0.0

    @property
    def url(self) -> str:
        """Where the broker says that the daemon is; empty where it said nothing."""
        return self._granted.url if self._granted else ""

    def token(self, refused: str | None = None) -> str | None:
        """Return a token, not the one that was refused just now; None where there is none.

        Raises LaterError where the broker will give one, but not just now. May be asked often.
        """
        if self._granted and (
            self._granted.token == refused or self._granted.expires.timestamp() - AHEAD <= self._clock()
        ):
            self._granted = None
        if self._granted is None and self._may_ask():
            try:
                self._granted, self._refusal = ask_broker(self._name, self._environ), None
            except NoTokenError as error:
                self._refusal, self._refused_at = error, self._clock()
        if self._granted:
            return self._granted.token
        kept = read_token(self._file)
        if kept is None and self._refusal is not None and self._refusal.later:
            raise LaterError(str(self._refusal))
        return None if kept == refused else kept

    def _may_ask(self) -> bool:
        if self._refusal is None:
            return True
        wait = TRY_AGAIN_AFTER if self._refusal.later else ASK_AGAIN_AFTER
        return abs(self._clock() - self._refused_at) >= wait  # clocks are set back, too
