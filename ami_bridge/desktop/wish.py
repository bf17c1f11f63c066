"""One wish, one call: the same number within two seconds is the same wish, however often a key was pressed."""

import fcntl
import os
import time
import uuid
from pathlib import Path

import msgspec
from msgspec import Struct

SAME_WITHIN = 2.0
LONGEST = 4096


class Wish(Struct, frozen=True):
    """What was wanted last on this screen."""

    to: str
    key: str
    at: float
    """Seconds of the machine's own clock, which never jumps."""


def key_for(to: str, at: Path, *, now: float | None = None) -> str:
    """Return the key of this wish; `at` is the file in which this screen's last one is kept.

    Each further press counts from itself, so a key that is held down stays one wish.
    """
    handle = os.open(at, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        now = time.monotonic() if now is None else now  # only now: others may have written while we waited
        last = _read(file.read(LONGEST))
        same = last is not None and last.to == to and 0 <= now - last.at < SAME_WITHIN
        wish = Wish(to, last.key if last is not None and same else str(uuid.uuid4()), now)
        file.seek(0)
        file.truncate()
        file.write(msgspec.json.encode(wish))
    return wish.key


def _read(octets: bytes) -> Wish | None:
    try:
        return msgspec.json.decode(octets, type=Wish)
    except msgspec.DecodeError:
        return None
