"""Reads the configuration: one TOML file, once; secrets from files of their own are filled in."""

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from ami_bridge.config import Config
from ami_bridge.config_check import check
from ami_bridge.config_check_alarms import check_alarms
from ami_bridge.config_check_queues import check_queues
from ami_bridge.config_check_signin import check_sign_in
from ami_bridge.errors import ConfigError

SECRET_FILES = frozenset(
    {
        "secret_file",
        "password_file",
        "key_file",
        "url_file",
        "token_file",
        "code_file",
        "end_code_file",
        "watcher_url_file",
        "webhook_url_file",
        "webhook_secret_file",
        "client_secret_file",
    }
)


def load(path: Path) -> Config:
    """Read and check the file; secrets from `*_file` keys are filled in.

    Raises ConfigError with one sentence that names file, section and key.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from error
    try:
        config = msgspec.convert(_beside(_with_secrets(raw, path), path), Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {_where(str(error))}") from error
    check(config, path)
    check_alarms(config, path)
    check_sign_in(config, path)
    check_queues(config, path)
    return config


def _beside(raw: dict[str, Any], path: Path) -> dict[str, Any]:
    """Let files that are read later be named relative to the configuration, as those are that are read now."""
    match raw:
        case {"people": {"file": str(name), **_more} as people} if name:
            people["file"] = str(path.parent / name)
    match raw:
        case {"rooms": {"names_dir": str(name), **_more} as rooms} if name:
            rooms["names_dir"] = str((path.parent / name).resolve())
    match raw:
        case {"rooms": {"recordings_dir": str(name), **_more} as rooms} if name:
            rooms["recordings_dir"] = str((path.parent / name).resolve())
    match raw:
        case {"alarms": {"media_dir": str(name), **_more} as alarms} if name:
            alarms["media_dir"] = str((path.parent / name).resolve())
    match raw:
        case {"people": {"ldap": {"ca_file": str(name), **_more} as ldap}} if name:
            ldap["ca_file"] = str((path.parent / name).resolve())
    for source in raw.get("source", ()):
        match source:
            case {"opcua": dict(opcua)}:
                for key in ("certificate", "private_key", "server_certificate"):
                    if isinstance(file := opcua.get(key), str) and file:
                        opcua[key] = str((path.parent / file).resolve())
    return raw


def _where(message: str) -> str:
    """Turn msgspec's "… - at `$.pbx[...].port`" into the words of the file."""
    what, _, at = message.partition(" - at `$.")
    return f"[{at.rstrip('`').replace('[...]', '')}]: {what}" if at else what


def _with_secrets(raw: dict[str, Any], path: Path, section: str = "") -> dict[str, Any]:
    """Replace `x_file = "…"` by `x = <content>`, everywhere."""
    filled: dict[str, Any] = {}
    for key, value in raw.items():
        match value:
            case dict():
                filled[key] = _with_secrets(value, path, f"{section}{key}.")
            case list():
                filled[key] = [
                    _with_secrets(one, path, f"{section}{key}.") if isinstance(one, dict) else one for one in value
                ]
            case str() if key in SECRET_FILES:
                plain = key.removesuffix("_file")
                filled[key] = str(path.parent / value)
                if raw.get(plain):
                    raise ConfigError(f"{path}: [{section}{key}] and [{section}{plain}] are both set; keep one")
                try:
                    filled[plain] = (path.parent / value).read_text(encoding="utf-8").strip()
                except OSError as error:
                    raise ConfigError(f"{path}: [{section}{key}]: {value} cannot be read: {error.strerror}") from error
                except ValueError as error:  # no UTF-8, or a NUL in the name
                    raise ConfigError(f"{path}: [{section}{key}]: {value!r} is no file of text") from error
            case _:
                filled[key] = value
    return filled


def check_places(config: Config, path: Path) -> None:
    """Refuse sockets in folders that are not there on this machine."""
    for key, socket in (("control.socket", config.control.socket), ("phonebook.ldap", config.phonebook.ldap)):
        if socket and not Path(socket).parent.is_dir():
            raise ConfigError(f"{path}: [{key}]: the folder {Path(socket).parent} is not there")
