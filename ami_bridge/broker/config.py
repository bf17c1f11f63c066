"""The broker's own configuration: where the daemon is, the key it knows us by, and where programs ask."""

import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from ami_bridge.errors import ConfigError
from ami_bridge.web.identity import is_loopback

LONGEST_PATH = 100  # a socket's address has 108 bytes


class BrokerConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    url: str
    """The daemon's page; `http://` is refused off the local host, `http+insecure://` says aloud that it is meant."""
    key_file: str
    """What `ami-bridge broker add` printed."""
    ca_file: str = ""
    """Certificates that are trusted, instead of the system's."""
    socket: str = "/run/ami-bridge-broker/socket"
    least_uid: int = 1000
    """Accounts below it belong to services, not to people."""


class Known(Struct, frozen=True):
    """A configuration with its key."""

    config: BrokerConfig
    key: str
    base: str
    """The daemon's address as it is asked."""


def load(path: Path) -> Known:
    """Read and check the file; raises ConfigError with one sentence."""
    try:
        config = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), BrokerConfig)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path}: {error}") from error
    key_file = path.parent / config.key_file
    try:
        key = key_file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: [key_file]: {key_file} cannot be read") from error
    if not key or not key.isprintable() or " " in key:
        raise ConfigError(f"{path}: [key_file]: {key_file} holds no key; `ami-bridge broker add` prints one")
    if len(config.socket.encode()) > LONGEST_PATH:
        raise ConfigError(f"{path}: [socket] is longer than {LONGEST_PATH} bytes")
    return Known(config=config, key=key, base=address(config.url, f"{path}: [url]"))


def address(url: str, where: str) -> str:
    """Return the daemon's address as it is asked; refuse one at which secrets could be read on the wire."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme not in {"http", "https", "http+insecure"} or not host or parts.query or parts.username:
        raise ConfigError(f"{where}: {url!r} is not https://HOST")
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigError(
            f"{where}: {url} could be read on the wire; use https://, or http+insecure:// if that is meant"
        )
    host = f"[{host}]" if ":" in host else host
    scheme = "https" if parts.scheme == "https" else "http"
    return f"{scheme}://{host}{'' if port is None else f':{port}'}{parts.path.rstrip('/')}"
