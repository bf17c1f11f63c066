"""The socket beside one screen: where it is, what is said over it, one JSON object a line, and both its ends."""

import contextlib
import fcntl
import os
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    import asyncio

ANSWER_WITHIN = 15.0
CONNECT_WITHIN = 1.0
IDLE_FOR = 60.0
LONGEST_LINE = 8192
MOST_AT_ONCE = 8
LONGEST_NAME = 60
LinkState = Literal["connected", "connecting", "refused"]


class Dial(Struct, frozen=True, kw_only=True, tag_field="op", tag="dial"):
    """Ring the person's own telephone, then this number."""

    to: str
    key: str
    """The same key is the same wish: at most one call."""
    device: str | None = None
    confirmed: bool = False
    """The person has said once more that it is meant."""


class Act(Struct, frozen=True, kw_only=True, tag_field="op", tag="act"):
    """Do something with a call; without `call` with the newest for which it is possible, those that ring first."""

    verb: str
    call: str | None = None
    to: str | None = None
    key: str | None = None


class Status(Struct, frozen=True, tag_field="op", tag="status"):
    """Tell how it is."""


class Quit(Struct, frozen=True, tag_field="op", tag="quit"):
    """End the client, with its bubbles."""


Question = Dial | Act | Status | Quit


class Shown(Struct, frozen=True, kw_only=True):
    """A live call, in few words."""

    id: str
    state: str
    peer: str
    actions: tuple[str, ...] = ()


class Answer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`ok`, or a stable `code` with one sentence for people; the rest depends on the question."""

    ok: bool
    code: str | None = None
    message: str | None = None
    call: str | None = None
    link: LinkState | None = None
    user: str | None = None
    url: str | None = None
    capabilities: tuple[str, ...] = ()
    calls: tuple[Shown, ...] = ()


class NobodyThereError(Exception):
    """No client runs on this screen, or it does not answer."""


class TakenError(Exception):
    """A client runs on this screen already."""


Answering = Callable[[Question], Awaitable[Answer]]

_encode = msgspec.json.Encoder().encode
_question = msgspec.json.Decoder(Question).decode
_answer = msgspec.json.Decoder(Answer).decode


def screen(environ: Mapping[str, str] = os.environ) -> str:
    """Name the screen, fit for a file: `:10.0` and `:10` are the same one."""
    name = re.sub(r"(:\d+)\.\d+$", r"\1", environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY") or "none")
    return re.sub(r"[^A-Za-z0-9:._-]", "_", name)[:LONGEST_NAME].lstrip(".") or "none"


def folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the sockets of this person's screens are."""
    runtime = environ.get("XDG_RUNTIME_DIR")
    return Path(runtime) / "ami-bridge" if runtime else Path(f"/tmp/ami-bridge-{os.getuid()}")  # noqa: S108 - checked


def own_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return that folder, made if need be; nobody else can write there."""
    path = folder(environ)
    _make_own(path)
    return path


def address(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the client of this screen listens."""
    return folder(environ) / f"{screen(environ)}.sock"


# ---- The asking end: `ami-dial`


def ask(question: Question, *, at: Path | None = None, within: float = ANSWER_WITHIN) -> Answer:
    """Ask the client of this screen; raises NobodyThereError where none answers."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(CONNECT_WITHIN)
            line.connect(os.fspath(at or address()))
            line.settimeout(within)
            line.sendall(_encode(question) + b"\n")
            with line.makefile("rb") as said:
                return _answer(said.readline(1 << 20))
    except (OSError, msgspec.DecodeError) as error:
        raise NobodyThereError("ami-bridge-desktop does not answer on this screen.") from error


# ---- The answering end: the client


@contextlib.contextmanager
def only_one(at: Path) -> Iterator[None]:
    """Be the only client of this screen while the block lasts; raises TakenError where there is one.

    Whatever lies at the address is removed before and after.
    """
    _make_own(at.parent)
    with at.with_suffix(".lock").open("w") as lock:
        os.chmod(lock.fileno(), 0o600)  # noqa: PTH101 - the file that is open, whatever its name is now
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TakenError(f"A client runs on this screen already ({at}).") from None
        at.unlink(missing_ok=True)
        try:
            yield
        finally:
            at.unlink(missing_ok=True)


@contextlib.asynccontextmanager
async def serve(at: Path, answering: Answering) -> AsyncIterator[None]:
    """Answer while the block lasts; only under `only_one`, so that the address is free."""
    import asyncio  # noqa: PLC0415 - who only asks shall not wait for it

    open_: set[asyncio.StreamWriter] = set()

    async def handle(reader: "asyncio.StreamReader", writer: "asyncio.StreamWriter") -> None:
        if len(open_) < MOST_AT_ONCE:
            open_.add(writer)
            with contextlib.suppress(TimeoutError, ConnectionError, ValueError):  # ValueError: the line is too long
                await _talk(reader, writer, answering)
            open_.discard(writer)
        writer.close()

    server = await asyncio.start_unix_server(handle, sock=_bound(at), limit=LONGEST_LINE)
    try:
        yield
    finally:
        server.close()
        for writer in open_:
            writer.close()


async def _talk(reader: "asyncio.StreamReader", writer: "asyncio.StreamWriter", answering: Answering) -> None:
    """Answer line by line until the other end has no more questions."""
    import asyncio  # noqa: PLC0415 - as above

    while True:
        async with asyncio.timeout(IDLE_FOR):
            line = await reader.readline()
        if not line:
            return
        try:
            question: Any = _question(line)
        except msgspec.DecodeError as error:
            answer = Answer(ok=False, code="bad_request", message=f"This is no question: {error}.")
        else:
            answer = await answering(question)
        writer.write(_encode(answer) + b"\n")
        async with asyncio.timeout(IDLE_FOR):
            await writer.drain()


def _make_own(path: Path) -> None:
    """Make the folder; nobody else may have made it before us, for it may lie where all may write."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    about = path.lstat()
    if about.st_uid != os.getuid() or not path.is_dir() or path.is_symlink():
        raise PermissionError(f"{path} belongs to somebody else")
    path.chmod(0o700)


def _bound(at: Path) -> socket.socket:
    """Return a socket at this address that was nobody else's for not even a moment."""
    door = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        door.bind(os.fspath(at))
    except OSError:
        door.close()
        raise
    finally:
        os.umask(before)
    return door
