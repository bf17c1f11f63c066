"""Asks a person, or tells them something, where they look: at the terminal, in a bubble, on the daemon's page."""

import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

ANSWER_WITHIN = 30.0


class CannotAskError(Exception):
    """There is no way to ask here."""


class Answer(Struct, frozen=True):
    """What was chosen; no key where it was none. Or the page asks, and will act by itself."""

    key: str | None = None
    on_page: bool = False


class Asker:
    """The ways to reach the person at this desk."""

    def __init__(self, app: str, *, page: str = "", prefer_page: bool = False) -> None:
        """Prepare it; `page` is the daemon's address, where it is known."""
        self._app = app
        self._page = page
        self._prefer_page = prefer_page
        self._is_terminal = sys.stderr.isatty() and sys.stdin.isatty()

    def tell(self, title: str, body: str = "") -> None:
        """Say something; in a bubble too, unless the terminal is looked at."""
        print(f"{title.rstrip('.')}. {body}".rstrip(), file=sys.stderr)  # noqa: T201 - the terminal is one of the ways
        if not self._is_terminal:
            from ami_bridge.desktop.notify import Bubbles, NoBubblesError  # noqa: PLC0415 - most calls need none

            with contextlib.suppress(NoBubblesError), contextlib.closing(Bubbles(self._app)) as bubbles:
                bubbles.tell(title, body)

    @contextlib.contextmanager
    def alone(self, at: Path) -> Iterator[bool]:
        """Say whether no other question is open: a web page that clicks a hundred links gets one."""
        handle = os.open(at, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            alone = True
        except BlockingIOError:
            alone = False
        try:
            yield alone
        finally:
            os.close(handle)

    def ask(self, title: str, body: str, choices: Mapping[str, str], *, on_page: Sequence[str]) -> Answer:
        """Ask, and wait half a minute; `choices` are keys and labels, `on_page` the numbers for the page."""
        if self._is_terminal:
            return Answer(_at_terminal(title, body, choices))
        if self._prefer_page and self._opens(on_page):
            return Answer(on_page=True)
        from ami_bridge.desktop.notify import Bubbles, NoBubblesError  # noqa: PLC0415 - most calls need none

        try:
            with contextlib.closing(Bubbles(self._app)) as bubbles:
                return Answer(bubbles.ask(title, body, choices, within=ANSWER_WITHIN))
        except NoBubblesError as error:
            if not self._prefer_page and self._opens(on_page):
                return Answer(on_page=True)
            raise CannotAskError("There is no bubble with buttons here, and no browser.") from error

    def _opens(self, numbers: Sequence[str]) -> bool:
        """Open the daemon's page, which asks; tell whether there is a browser."""
        import shutil  # noqa: PLC0415 - rarely needed
        import subprocess  # noqa: PLC0415
        from urllib.parse import urlencode  # noqa: PLC0415

        browser = shutil.which("xdg-open")
        if not self._page or browser is None:
            return False
        address = f"{self._page.rstrip('/')}/dial?{urlencode([('to', number) for number in numbers])}"
        nowhere = subprocess.DEVNULL
        subprocess.Popen(  # noqa: S603 - the address is the administrator's, the numbers are digits
            [browser, address], stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True
        )
        return True


def _at_terminal(title: str, body: str, choices: Mapping[str, str]) -> str | None:
    """Ask on the terminal; None for anything that is no answer."""
    print(f"{title}\n{body}", file=sys.stderr)  # noqa: T201 - as above
    for place, label in enumerate(choices.values(), start=1):
        print(f"  {place}  {label}", file=sys.stderr)  # noqa: T201 - as above
    print("> ", end="", file=sys.stderr, flush=True)  # noqa: T201 - as above
    keys = {str(place): key for place, key in enumerate(choices, start=1)}
    return keys.get(sys.stdin.readline().strip())
