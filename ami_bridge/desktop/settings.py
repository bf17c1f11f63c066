"""What the person, or the administrator for everybody, has set: two TOML files, the person's has the last word."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

SOCKET = "/api/v1/ws"
FILE = Path("ami-bridge") / "desktop.toml"
Language = Literal["de", "en"]


class SettingsError(Exception):
    """The settings are wrong; one sentence says what to do."""


class Dialling(Struct, frozen=True, forbid_unknown_fields=True):
    """How `ami-dial` reads numbers and asks."""

    country: str = "DE"
    """Where a number is that says no country."""
    area_code: str = ""
    """The place's own, so that "204-1234" can be read."""
    ask_for_links: bool = True
    """Whether a clicked link is called only after a question: any web page can click one by itself."""
    questions: Literal["bubble", "page"] = "bubble"
    """Where questions are asked; no keyboard reaches the buttons of a bubble."""


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """All settings."""

    url: str = ""
    """Address of the page, such as `https://anrufe.example.org`."""
    language: Language | None = None
    sound: bool = False
    """Whether the desktop shall ring too."""
    player: tuple[str, ...] = ()
    """The program that makes the sound, where the desktop cannot: `["paplay", "ring.oga"]`."""
    names: bool = True
    """Whether bubbles say who it is; else only that somebody calls."""
    outgoing: bool = True
    """Whether calls of one's own have a bubble too."""
    missed: bool = True
    """Whether missed calls have a bubble."""
    ca: str = ""
    """File with the certificates that are trusted, instead of the system's."""
    token_file: str = ""
    dialling: Dialling = Dialling()

    @property
    def socket(self) -> str:
        """The address of the websocket."""
        split = urlsplit(self.url)
        return f"{'wss' if split.scheme == 'https' else 'ws'}://{split.netloc}{split.path.rstrip('/')}{SOCKET}"


def load(environ: Mapping[str, str] = os.environ, file: Path | None = None, *, needs_url: bool = True) -> Settings:
    """Read the settings; a file that is named must be there, the usual ones need not."""
    said: dict[str, Any] = {}
    for path in [file] if file is not None else [*reversed([*_everybodys(environ)]), config_home(environ) / FILE]:
        said = _over(said, _read(path, needed=file is not None))
    try:
        settings = msgspec.convert(said, Settings)
    except msgspec.ValidationError as error:
        raise SettingsError(f"The settings are wrong: {error}.") from error
    if settings.url or needs_url:
        _check(settings.url)
    return settings


def config_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the person's settings are."""
    return Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def language(settings: Settings, environ: Mapping[str, str] = os.environ) -> Language:
    """Return the language to speak: as set, else that of the session; German where it says neither."""
    if settings.language is not None:
        return settings.language
    spoken = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or "de"
    return "en" if spoken.lower().startswith("en") else "de"


def _everybodys(environ: Mapping[str, str]) -> Iterator[Path]:
    """Where settings for everybody may be, the most important first."""
    for folder in (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":"):
        if folder:
            yield Path(folder) / FILE


def _read(path: Path, *, needed: bool) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        if needed:
            raise SettingsError(f"There is no file {path}.") from None
        return {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from error


def _over(before: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Let what a file says count more, key by key, in tables too: who sets one of a table leaves the others."""
    tables = {
        name: {**before[name], **table}
        for name, table in more.items()
        if isinstance(table, dict) and isinstance(before.get(name), dict)
    }
    return before | more | tables


def _check(url: str) -> None:
    """See that the token travels to a house that shows who it is."""
    split = urlsplit(url)
    if not url:
        raise SettingsError(f'Say where the daemon is: `url = "https://…"` in ~/.config/{FILE} or /etc/xdg/{FILE}.')
    if split.scheme not in {"http", "https"} or not split.hostname:
        raise SettingsError("`url` must be the address of the page, such as https://anrufe.example.org.")
    if split.scheme == "http" and not _is_here(split.hostname):
        raise SettingsError("`url` must begin with https:// unless the daemon runs on this machine.")


def _is_here(host: str) -> bool:
    return host in {"localhost", "::1"} or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None
