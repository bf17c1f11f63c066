"""What is marked on the screen: the X server's PRIMARY selection, or what Wayland lets one read. Waits one second."""

import os
import select
import subprocess
import time
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from Xlib.display import Display
    from Xlib.xobject.drawable import Window

WITHIN = 1.0
LONGEST = 500
MOST_BYTES = 4 * LONGEST + 4
"""Bytes that are read of it: nobody marks a number with more, and the owner may be hostile."""
KINDS = {"UTF8_STRING": "utf-8", "STRING": "latin-1"}
"""Forms in which X hands over text, the second for old programs."""


Why = Literal["nothing", "hangs", "too_much", "no_screen", "no_wl_paste"]


class NothingMarkedError(Exception):
    """Nothing is marked, or its owner does not hand it out."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why: Why = why


class Marked(Struct, frozen=True):
    """What is marked, its begin at least."""

    text: str
    cut: bool = False
    """Whether there is more of it."""


def read(environ: Mapping[str, str] = os.environ) -> Marked:
    """Read what is marked on this screen; raises NothingMarkedError."""
    if environ.get("WAYLAND_DISPLAY"):
        return _from_wayland(environ)
    if environ.get("DISPLAY"):
        return _from_x(environ["DISPLAY"])
    raise NothingMarkedError("no_screen")


# ---- X11, also over X2Go, NX and XRDP


def _from_x(name: str) -> Marked:
    """Ask the owner of PRIMARY; it is another program, which may hang."""
    from Xlib.display import Display  # noqa: PLC0415 - 25 ms that only a selection on X needs
    from Xlib.error import DisplayConnectionError, DisplayNameError, XauthError  # noqa: PLC0415

    try:
        display = Display(name)
    except (DisplayConnectionError, DisplayNameError, XauthError, OSError) as error:
        raise NothingMarkedError("no_screen") from error
    try:
        until = time.monotonic() + WITHIN
        for kind, encoding in KINDS.items():
            if (handed := _converted(display, kind, until)) is not None:
                return _marked(*handed, encoding)
        raise NothingMarkedError("nothing")
    finally:
        display.close()


def _converted(display: "Display", kind: str, until: float) -> tuple[bytes, bool] | None:
    """Have the selection handed over in this form; None where its owner does not know it."""
    from Xlib import X, Xatom  # noqa: PLC0415 - as above

    wanted, place = display.intern_atom(kind), display.intern_atom("AMI_BRIDGE")
    window = display.screen().root.create_window(-1, -1, 1, 1, 0, X.CopyFromParent)
    window.convert_selection(Xatom.PRIMARY, wanted, place, X.CurrentTime)
    display.flush()
    while True:
        while display.pending_events():
            event = display.next_event()
            if event.type == X.SelectionNotify and event.requestor == window:
                if event.property == X.NONE:
                    return None
                return _handed(window, place, wanted)
        left = until - time.monotonic()
        if left <= 0 or not select.select([display.fileno()], [], [], left)[0]:
            raise NothingMarkedError("hangs")


def _handed(window: "Window", place: int, wanted: int) -> tuple[bytes, bool] | None:
    """Take what lies there now, and not the kilobytes that are only promised (INCR); tell whether there is more."""
    from Xlib import X  # noqa: PLC0415 - as above

    handed = window.get_property(place, X.AnyPropertyType, 0, MOST_BYTES // 4)
    if handed is None:
        return None
    if handed.property_type != wanted:
        raise NothingMarkedError("too_much")
    octets = handed.value if isinstance(handed.value, bytes) else bytes(handed.value)
    return octets, bool(handed.bytes_after)


def _marked(octets: bytes, more: bool, encoding: str = "utf-8") -> Marked:  # noqa: FBT001 - as it was handed over
    """Keep the begin."""
    text = octets.decode(encoding, errors="ignore")
    return Marked(text[:LONGEST], more or len(text) > LONGEST)


# ---- Wayland


def _from_wayland(environ: Mapping[str, str]) -> Marked:
    """Ask by `wl-paste`. GNOME's compositor does not hand out what is marked, only what was copied."""
    words = ["wl-paste", "--no-newline", "--type", "text"]
    if "GNOME" not in environ.get("XDG_CURRENT_DESKTOP", "").upper():
        words.append("--primary")
    try:
        with subprocess.Popen(  # noqa: S603 - our own words
            words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=dict(environ)
        ) as paste:
            try:
                return _first_bytes(paste.stdout) if paste.stdout else Marked("")
            finally:
                paste.kill()
    except FileNotFoundError as error:
        raise NothingMarkedError("no_wl_paste") from error


def _first_bytes(pipe: IO[bytes]) -> Marked:
    """Read as much as is wanted, for as long as one waits."""
    until, octets = time.monotonic() + WITHIN, b""
    while len(octets) <= MOST_BYTES:
        left = until - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            raise NothingMarkedError("hangs")
        if not (more := os.read(pipe.fileno(), MOST_BYTES)):
            break
        octets += more
    if not octets:
        raise NothingMarkedError("nothing")
    return _marked(octets[:MOST_BYTES], len(octets) > MOST_BYTES)
