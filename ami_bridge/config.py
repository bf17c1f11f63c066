"""The configuration: what may stand in the file, as frozen structs; `config_file` reads it."""

from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from msgspec import field

from ami_bridge.config_alarms import AlarmClass, Alarms, Ladder, Source
from ami_bridge.config_journal import Journal, MissedWebhook
from ami_bridge.config_section import Section
from ami_bridge.config_signin import Kerberos, Oidc

Kind = Literal[
    "internal", "local", "national", "mobile", "international", "service", "premium", "satellite", "emergency"
]
"""Kinds of numbers, see `calls.classes`."""


class OwnBlock(Section, frozen=True, kw_only=True):
    """The site's block of direct-dial numbers: prefix in E.164 and how many digits follow."""

    prefix: str
    digits: int


class Site(Section, frozen=True, kw_only=True):
    """Where the PBX stands, which decides how numbers are read."""

    country: str = "DE"
    area_code: str = ""
    own_block: OwnBlock | None = None
    callers: Literal["guess", "international", "national"] = "guess"
    """How trunks write callers' numbers that begin with neither "+" nor 0: `49…` with the country's code, or without
    the area's; `guess` decides by their length."""
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

    @property
    def address(self) -> str:
        """Where to ask: without a groupware at a name that nobody ever has (RFC 6761), so that it is away."""
        return self.url or "http://groupware.invalid/"


class Book(Section, frozen=True, kw_only=True):
    """One address book of the groupware."""

    path: str
    scope: str = "shared"
    label: str = ""


class Ldap(Section, frozen=True, kw_only=True):
    """A directory with the people, or their passwords."""

    url: str = ""
    """`ldaps://`, or `ldap://` with StartTLS; `ldap+insecure://` says aloud that everybody on the wire may read."""
    user: str = ""
    """Distinguished name of the daemon's own account; empty: nobody's."""
    password: str = ""
    password_file: str = ""
    ca_file: str = ""
    """Certificates that are trusted, instead of the system's."""
    base: str = ""
    filter: str = "(objectClass=inetOrgPerson)"
    login: str = "uid"
    name: str = "cn"
    department: str = "departmentNumber"


class People(Section, frozen=True, kw_only=True):
    """Who works here."""

    source: Literal["book", "ldap", "file"] = "book"
    """Where it is known who works here."""
    sign_in: Literal["groupware", "ldap"] = "groupware"
    """Who is asked whether a password is right."""
    book: str = ""
    """Path of the staff book."""
    file: str = ""
    """TOML file with the people, with `source = "file"`."""
    presence: Literal["department", "off"] = "department"
    """Whether colleagues of a department see of each other who is free, talking or away."""
    ldap: Ldap = Ldap()
    extensions: dict[str, list[str]] = {}
    roles: dict[str, list[str]] = {}
    key: str = ""
    """Seals people's passwords of the groupware: 32 bytes in base64. Without it nobody can give one."""
    key_file: str = ""


class Rate(Section, frozen=True, kw_only=True):
    """How often something may be done."""

    minute: int
    day: int


class Dialling(Section, frozen=True, kw_only=True):
    """Who may dial what from the desk."""

    allow: tuple[Kind, ...] = ("internal", "local", "national", "mobile")
    """What kinds of numbers everybody may dial; emergency calls need no word here."""
    allow_for: dict[str, tuple[Kind, ...]] = {}
    """The same for some: by `department:NAME`, `group:NAME` or `person:LOGIN`."""
    per_person: Rate = Rate(minute=10, day=100)
    in_total: Rate = Rate(minute=60, day=5000)
    ring_seconds: int = 30
    """How long the person's own telephone rings."""
    hours: str = "06:00-20:00"
    """When the house works, Monday to Friday, in the machine's time."""
    burst: int = 5
    """How many outside calls within ten minutes at another time are told in the log."""
    auto_answer: dict[str, Literal["snom", "yealink", "grandstream", "standard"]] = {}
    """Telephones that answer by themselves when their owner dials, and whose header does it: `"PJSIP/101" = "snom"`."""
    pages: tuple[str, ...] = ()
    """Origins of pages whose links dial without another question, such as the groupware's."""


class Seat(Section, frozen=True, kw_only=True):
    """A place to sit with a telephone, for whoever is there."""

    id: str
    label: str = ""
    extension: str
    hosts: list[str] = []
    """Machines that stand there: whoever signs in at one of them sits there."""
    allow: list[str] = []
    """Who may sit there: logins, `department:NAME`, `group:NAME`; empty: everybody."""


class Pickup(Section, frozen=True, kw_only=True):
    """People who take each other's calls."""

    name: str
    who: list[str]
    """Who sees and takes them: logins, `department:NAME`, `group:NAME`."""
    of: list[str] = []
    """Whose calls these are; empty: those of the same people."""
    lines: list[str] = []
    """Numbers of the house whose calls the switchboard among them sees and takes, wherever they ring."""
    peer: bool = False
    """Whether they see who is calling."""


class Queue(Section, frozen=True, kw_only=True):
    """Who besides its members has to do with a queue of Asterisk's."""

    name: str
    """As it is called in queues.conf."""
    who: list[str] = []
    """Who sees it, besides its members and the role switchboard: logins, `department:NAME`, `group:NAME`."""
    members: list[str] = []
    """Who may log in and out themselves."""
    manages: list[str] = []
    """Who may also have others pause, and log them out."""


class Phone(Section, frozen=True, kw_only=True):
    """A telephone of which more is known than the PBX tells."""

    device: str
    """As the hint names it, like `PJSIP/101`."""
    label: str = ""
    model: str = ""
    """What it is, where its registration does not tell."""
    driver: Literal["", "snom", "yealink", "grandstream"] = ""
    """Whose web server it has, so that it can be told to answer and to hold."""
    address: str = ""
    """Of that web server: `http://10.1.2.3` or `https://…`."""
    user: str = ""
    password: str = ""
    password_file: str = ""


class CalendarAccount(Section, frozen=True, kw_only=True):
    """Who looks at the calendars; by default the groupware's account."""

    url: str = ""
    user: str = ""
    password: str = ""
    password_file: str = ""


class Mail(Section, frozen=True, kw_only=True):
    """The site's mail server."""

    smtp: str = ""
    """`smtps://`, or `smtp://` with StartTLS; `smtp+insecure://` says aloud that everybody on the wire may read."""
    sender: str = field(default="", name="from")
    user: str = ""
    password: str = ""
    password_file: str = ""


class Rooms(Section, frozen=True, kw_only=True):
    """Conference rooms that people make themselves."""

    numbers: str = ""
    """Which extensions are rooms, such as `"8000-8999"`; empty: there are none."""
    dial_in: str = ""
    """The number that companies dial, as it is to be read in invitations."""
    minutes_before: int = 15
    minutes_after: int = 60
    """How long before and after its time a booked room lets people in."""
    most: int = 20
    """People in one room, where nothing else is said."""
    moderated: bool = True
    """Whether people wait for a moderator, where nothing else is said."""
    per_person: int = 50
    """Rooms that one person may have at the same time."""
    lines: int = 0
    """Calls from outside that may be in conferences at the same time; 0: nobody is warned."""
    lines_each: int = 4
    """How many callers from outside a room is expected to have, unless it has fewer places."""
    calendar: str = ""
    """Calendar of the daemon's account whose appointments become rooms: its name, or a path."""
    calendar_owner: str = ""
    """Login of whose room it is where an appointment names no organizer of the house."""
    look_every: float = 20.0
    """Seconds between two looks at calendars."""
    invited: str = ""
    """Calendar in which invitations of `address` arrive: it answers, and mails the organizer."""
    edits: list[str] = []
    """Calendars of people in which appointments that invite `address` are told how to dial in."""
    address: str = ""
    """E-mail address by which the conference is invited."""
    account: CalendarAccount = CalendarAccount()
    calls: bool = False
    """Whether numbers that an appointment names are called at its start."""
    alone_minutes: int = 15
    """After how long somebody who is alone in a room is sent away; 0: never."""
    recordings_dir: str = ""
    """Folder in which Asterisk writes recordings (`ROOM_RECORDINGS`); empty: nothing is recorded."""
    recordings_days: int = 30
    """After which they are deleted."""
    names_dir: str = ""
    """Folder for spoken names, which Asterisk reads (`ROOM_NAMES`); empty: nobody is announced."""


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
    oidc: Oidc = Oidc()
    kerberos: Kerberos = Kerberos()
    seat: list[Seat] = []
    dialling: Dialling = Dialling()
    pickup: list[Pickup] = []
    queue: list[Queue] = []
    phone: list[Phone] = []
    journal: Journal = Journal()
    missed_webhook: MissedWebhook = MissedWebhook()
    phonebook: Phonebook = Phonebook()
    rooms: Rooms = Rooms()
    alarms: Alarms = Alarms()
    alarm_class: list[AlarmClass] = []
    ladder: list[Ladder] = []
    source: list[Source] = []
    mail: Mail = Mail()
    control: Control = Control()
    log: Log = Log()


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
