"""The configuration: one TOML file read once into frozen structs."""

import math
import re
import tomllib
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec
from msgspec import Struct, field

from ami_bridge.errors import ConfigError

LOG_LEVELS = ("debug", "info", "warning", "error")
SECRET_FILES = frozenset({"secret_file", "password_file", "key_file"})
MOST_OFFLINE_NAMES = 20_000  # each is written by a small call of its own, which all who listen to the PBX hear
MOST_JOURNAL_DAYS = 90  # beyond this a person's calls become a history of the person


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all sections: an unknown key is an error."""


class OwnBlock(Section, frozen=True, kw_only=True):
    """The site's block of direct-dial numbers: prefix in E.164 and how many digits follow."""

    prefix: str
    digits: int


class Site(Section, frozen=True, kw_only=True):
    """Where the PBX stands, which decides how numbers are read."""

    country: str = "DE"
    area_code: str = ""
    own_block: OwnBlock | None = None
    outside_line: str = ""
    """Digit dialled to get an outside line, empty where none is needed."""
    language: str = "de"


class Questions(Section, frozen=True, kw_only=True):
    """The listener that answers the dialplan."""

    listen: str = "http://127.0.0.1:8089"
    secret: str = field(default="")
    secret_file: str = ""


class Pbx(Section, frozen=True, kw_only=True):
    """One Asterisk and its manager account."""

    id: str
    host: str = "127.0.0.1"
    port: int = 5038
    user: str = "ami-bridge"
    secret: str = ""
    secret_file: str = ""
    hints: str = "hints"
    """Context of the hints: they tell which extension has which device."""
    lines: dict[str, str] = {}
    """Labels of extensions that are not one person: ring groups, queues, the head number."""
    names: Literal["fill", "always"] = "fill"
    """Whether telephones show our name only where the network sends none, or always."""
    translit: dict[str, Literal["de", "ascii"]] = {}
    """How devices write whose displays have no umlauts, such as `"PJSIP/101" = "de"`."""
    offline_names: int = 5000
    """How many shared names are copied to the PBX, for when the daemon is away; 0 for none."""
    offline_numbers: Literal["international", "00", "national"] = "international"
    """How the trunk writes callers' numbers, so that the PBX finds them in its copy."""
    answer_within: float = 5.0
    """Seconds after which an unanswered action counts as failed."""
    ping_every: float = 10.0
    """Seconds between two pings on the manager connection."""
    questions: Questions = Questions()


class Web(Section, frozen=True, kw_only=True):
    """The page, REST and the websockets."""

    listen: str = "http://127.0.0.1:8088"
    """`http://` is refused off the local host; `http+insecure://` says aloud that it is meant."""
    origin: str = ""
    """What the browser's address bar shows (scheme, host, port); by default the listener itself."""
    session_hours: float = 12.0


class Database(Section, frozen=True, kw_only=True):
    """Where things are kept."""

    url: str = "sqlite:///var/lib/ami-bridge/bridge.sqlite"


class Groupware(Section, frozen=True, kw_only=True):
    """The DAV server with the address books; also asked whether a password is right."""

    url: str = ""
    user: str = ""
    password: str = ""
    password_file: str = ""
    sync_every: float = 300.0
    """Seconds between two looks at the address books."""
    click: str = ""
    """Page of the groupware that a bubble links to; `{number}` in it becomes the caller's number."""
    search: str = ""
    """Where EGroupware itself is asked about a number that no book has; only for an explanation, never for a call."""


class Book(Section, frozen=True, kw_only=True):
    """One address book of the groupware."""

    path: str
    scope: str = "shared"
    label: str = ""


class People(Section, frozen=True, kw_only=True):
    """Who works here."""

    book: str = ""
    """Path of the staff book."""
    extensions: dict[str, list[str]] = {}
    roles: dict[str, list[str]] = {}
    key: str = ""
    """Seals people's passwords of the groupware: 32 bytes in base64. Without it nobody can give one."""
    key_file: str = ""


class Journal(Section, frozen=True, kw_only=True):
    """What is kept of finished calls."""

    keep_days: int = 30


class Phonebook(Section, frozen=True, kw_only=True):
    """Phone books on desk telephones, beyond what is served by HTTP anyway."""

    ldap: str = ""
    """Path of the Unix socket on which slapd asks; empty: no LDAP."""
    suffix: str = "dc=phonebook"


class Control(Section, frozen=True, kw_only=True):
    """The socket on which this machine's administrator steers the running daemon."""

    socket: str = ""
    """Path; by default `control.sock` beside the SQLite file, else in the working directory."""


class Log(Section, frozen=True, kw_only=True):
    """How the daemon reports."""

    level: str = "info"
    format: str = "json"


class Config(Section, frozen=True, kw_only=True):
    """The whole file."""

    pbx: list[Pbx]
    site: Site = Site()
    web: Web = Web()
    database: Database = Database()
    groupware: Groupware = Groupware()
    book: list[Book] = []
    people: People = People()
    journal: Journal = Journal()
    phonebook: Phonebook = Phonebook()
    control: Control = Control()
    log: Log = Log()


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
        config = msgspec.convert(_with_secrets(raw, path), Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {_where(str(error))}") from error
    _check(config, path)
    return config


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


def _check(config: Config, path: Path) -> None:
    """Contradictions that types cannot tell."""
    if not config.pbx:
        raise ConfigError(f"{path}: [[pbx]] is missing: name at least one Asterisk")
    ids = [pbx.id for pbx in config.pbx]
    if len(set(ids)) != len(ids):
        raise ConfigError(f"{path}: [[pbx]] id: the same id stands twice")
    if len(ids) > 1:
        raise ConfigError(f"{path}: [[pbx]]: this version serves one Asterisk; {len(ids)} are configured")
    for pbx in config.pbx:
        if not pbx.secret:
            raise ConfigError(f"{path}: [pbx.secret_file] is missing for {pbx.id}: the manager account needs a secret")
        check_listener(pbx.questions.listen, path, "pbx.questions.listen")
        if not pbx.questions.secret:
            raise ConfigError(f"{path}: [pbx.questions.secret_file] is missing for {pbx.id}")
    check_listener(config.web.listen, path, "web.listen")
    if not config.groupware.url:
        raise ConfigError(f"{path}: [groupware.url] is missing: it has the address books and checks passwords")
    _check_values(config, path)
    if not 0 < config.journal.keep_days <= MOST_JOURNAL_DAYS:
        raise ConfigError(f"{path}: [journal.keep_days]: {config.journal.keep_days} is not 1 to {MOST_JOURNAL_DAYS}")


def check_listener(url: str, path: Path, key: str) -> None:
    """Refuse a listener that would talk in clear off the local host without saying so."""
    try:
        parts = urlsplit(url)
        complete = bool(parts.hostname) and parts.port is not None  # a port beyond 65535 is a ValueError
    except ValueError:
        parts, complete = SplitResult("", "", "", "", ""), False
    if not complete or parts.scheme not in {"http", "http+insecure"}:
        raise ConfigError(f"{path}: [{key}]: {url!r} is not http://HOST:PORT")
    if parts.scheme == "http" and not _is_local(parts.hostname or ""):
        raise ConfigError(
            f"{path}: [{key}]: {url} would be readable on the wire; put TLS before a loopback address, "
            "or write http+insecure:// if that is meant"
        )


def _is_local(host: str) -> bool:
    """Whether only this machine can reach it; `127.example.org` is a name like any other."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _check_values(config: Config, path: Path) -> None:
    """Refuse words and times that nothing could be done with."""
    if not re.fullmatch("[A-Za-z]{2}", config.site.country):
        raise ConfigError(f"{path}: [site.country]: {config.site.country!r} is not two letters, like DE")
    if (own := config.site.own_block) and not (re.fullmatch(r"\+[1-9]\d+", own.prefix) and own.digits > 0):
        raise ConfigError(f"{path}: [site.own_block]: a prefix like +4989999981 and at least one digit are needed")
    for key, url in (("click", config.groupware.click), ("search", config.groupware.search)):
        if url and (urlsplit(url).scheme not in {"http", "https"} or (key == "click" and "{number}" not in url)):
            raise ConfigError(f"{path}: [groupware.{key}]: {url!r} is not https://…" + ("{number}" * (key == "click")))
    if config.log.level.lower() not in LOG_LEVELS:
        raise ConfigError(f"{path}: [log.level]: {config.log.level!r} is none of {', '.join(LOG_LEVELS)}")
    if config.log.format not in {"json", "text"}:
        raise ConfigError(f"{path}: [log.format]: {config.log.format!r} is neither json nor text")
    for pbx in config.pbx:
        if not 0 <= pbx.offline_names <= MOST_OFFLINE_NAMES:
            raise ConfigError(f"{path}: [pbx.offline_names]: {pbx.offline_names} is not 0 to {MOST_OFFLINE_NAMES}")
    _check_times(config, path)


def _check_times(config: Config, path: Path) -> None:
    """Refuse times at which everything would be late at once, or never."""
    times = {
        "web.session_hours": config.web.session_hours,
        "groupware.sync_every": config.groupware.sync_every,
        **{f"pbx.answer_within of {pbx.id}": pbx.answer_within for pbx in config.pbx},
        **{f"pbx.ping_every of {pbx.id}": pbx.ping_every for pbx in config.pbx},
    }
    for key, value in times.items():
        if not (value > 0 and math.isfinite(value)):
            raise ConfigError(f"{path}: [{key}]: {value:g} is not a time above 0")


def control_socket(config: Config) -> Path:
    """Return where the control socket lies: as configured, else beside the SQLite file."""
    if config.control.socket:
        return Path(config.control.socket)
    parts = urlsplit(config.database.url)
    beside = Path("/", unquote(parts.path).lstrip("/")).parent if parts.scheme == "sqlite" else Path()
    return beside / "control.sock"


def host_and_port(listen: str) -> tuple[str, int]:
    """`http://127.0.0.1:8088` as ("127.0.0.1", 8088)."""
    parts = urlsplit(listen)
    return parts.hostname or "127.0.0.1", parts.port or 0
