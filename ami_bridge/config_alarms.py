"""The sections of the configuration about alarms: classes, ladders, sources."""

from typing import Literal

from msgspec import field

from ami_bridge.config_section import Section
from ami_bridge.config_watched import SourceModbus, SourceOpcua

Priority = Literal[1, 2, 3, 4]


class AlarmClass(Section, frozen=True, kw_only=True):
    """What kind of alarm it is, and what follows from that."""

    name: str
    label: str = ""
    priority: Priority = 2
    kind: Literal["simple", "basic", "extended"] = "basic"
    """`simple` needs nobody's word, `basic` is acknowledged, `extended` is acknowledged and then reset."""
    ack: Literal["phone", "site"] = "phone"
    """Whether the code by telephone acknowledges, or only takes over: then somebody acknowledges on the page."""
    sound: str = "horn"
    ladder: str = "plant"
    quiet: str = ""
    """When nobody is rung and a mail has to do, such as `"22:00-06:00"`."""
    text: str = "{plant}: {text}"
    """What is spoken and shown: `{plant}`, `{place}`, `{point}`, `{text}` and the values of the report."""
    all_clear: bool = False
    """Whether who has taken over is rung when it is over."""


class LadderStep(Section, frozen=True, kw_only=True):
    """Who is rung from when on."""

    who: list[str]
    """`duty`, `duty:2` to `duty:9`, `everyone`, `speakers`, a login, `role:`, `department:` or `group:` and a name."""
    after: int = 0
    """Seconds after the beginning of the round."""


class Ladder(Section, frozen=True, kw_only=True):
    """Who is rung one after the other, for ever, until somebody takes over."""

    name: str
    steps: list[LadderStep] = []
    repeat: int = 300
    """Seconds between the last resort at the end of a round and the beginning of the next."""


class Point(Section, frozen=True, kw_only=True):
    """What a source can report, one by one; where something is missing, the source's class says it."""

    label: str = ""
    alarm_class: str = field(default="", name="class")
    priority: Priority | None = None
    text: str = ""
    sound: str = ""
    all_clear: bool | None = None


class SourceLimit(Section, frozen=True, kw_only=True):
    """From how many reports in which time on a source floods: the rest is bundled, nothing is dropped."""

    count: int = 10
    minutes: int = 10


class SourceMqtt(Section, frozen=True, kw_only=True):
    """A broker that a source writes to."""

    url: str = ""
    """`mqtts://HOST`, or `mqtt://` on this machine; `mqtt+insecure://` says aloud that everybody may read."""
    topic: str = ""
    user: str = ""
    password: str = ""
    password_file: str = ""
    client_id: str = ""
    """Fixed, for the broker keeps what came while we were away under this name; by default from the source's name."""
    ca_file: str = ""
    status: str = ""
    """Topic of the source's last will: `offline` there raises its silence at once, anything else is a sign of life."""
    offline: str = "offline"


class SourceMail(Section, frozen=True, kw_only=True):
    """A source that writes mails."""

    address: str = ""
    """To which address; it is as good as a password."""
    senders: list[str] = []
    """From whom; empty: whoever knows the address."""
    checked_by: str = ""
    """Name by which the house's mail server signs `Authentication-Results`; then SPF, DKIM or DMARC must pass."""


class SourceCall(Section, frozen=True, kw_only=True):
    """A source that telephones."""

    extension: str = ""
    code: str = ""
    """What is typed to raise the alarm, as `ami-bridge alarm code` writes it; empty: only devices raise it."""
    code_file: str = ""
    end_code: str = ""
    """Likewise, what is typed when it is over."""
    end_code_file: str = ""
    end_extension: str = ""
    """What is dialled when it is over."""
    devices: list[str] = []
    """Dialling devices that need no code: their endpoints, such as `dialler-3`; each is a point of its own."""


class Source(Section, frozen=True, kw_only=True):
    """Something that reports: a control system, a monitoring, a dialler, people."""

    name: str
    label: str = ""
    """The plant, as people call it."""
    place: str = ""
    kind: Literal["webhook", "mqtt", "mail", "call", "modbus", "opcua"] = "webhook"
    token: str = ""
    token_file: str = ""
    alarm_class: str = field(default="", name="class")
    """The class of what its points do not say otherwise; empty: the first one."""
    classes: list[str] = []
    """Further classes that it may name itself."""
    points: dict[str, Point] = {}
    heartbeat_every: int = 0
    """Seconds after which a sign of life is missing; 0: none is expected."""
    grace: int = 60
    """Seconds it may be late, also after a start."""
    limit: SourceLimit = SourceLimit()
    mqtt: SourceMqtt = SourceMqtt()
    mail: SourceMail = SourceMail()
    call: SourceCall = SourceCall()
    modbus: SourceModbus = SourceModbus()
    opcua: SourceOpcua = SourceOpcua()


class RegularTests(Section, frozen=True, kw_only=True):
    """Test calls that begin by the clock."""

    every: Literal["", "week", "month"] = ""
    """Empty: none begins by itself. `month`: on the first such day of each month."""
    at: str = "Wed 10:00"
    """The day of the week and the time here."""
    to: tuple[str, ...] = ("everyone",)
    """Whom to call, in the words of `everyone`."""
    seconds: int = 900
    """How long people have to confirm."""


class Alarms(Section, frozen=True, kw_only=True):
    """Alarms of plants."""

    media_dir: str = ""
    """Folder of sounds and speech that Asterisk reads."""
    duty_calendar: str = ""
    """Calendar whose appointments say who is on duty: its name, or a path."""
    duty_calendars: dict[str, str] = {}
    """The same for single ladders, by their names."""
    duty_overrides: str = ""
    """Calendar that wins over it."""
    everyone: tuple[str, ...] = ("role:plant",)
    """Who is rung when nobody is on duty."""
    last_resort: list[str] = []
    """Who is rung besides everyone when a ladder is used up."""
    numbers: dict[str, list[str]] = {}
    """By login: what is rung, in this order; else their extensions."""
    ring_seconds: int = 20
    """Shorter than a mailbox waits."""
    paths: tuple[str, ...] = ("",)
    """Ways outside, in this order: names of PJSIP endpoints; the empty one is Asterisk's own for extensions."""
    channels: int = 4
    """How many lines outside there are."""
    own_lines_reserve: int = 1
    """How many of them alarms leave free."""
    code_digits: int = 3
    call_number: str = ""
    """Number that is shown when an alarm calls."""
    max_interval: int = 300
    """Seconds that an open alarm waits at most for its next step."""
    ack_minutes: int = 60
    """For how long an acknowledgement holds while the fault is still there; then people are reminded."""
    remind_minutes: int = 15
    """After an unheard reminder the alarm is unacknowledged again."""
    watcher_url: str = ""
    """Somebody outside who notices when we are silent."""
    watcher_url_file: str = ""
    mail_listen: str = ""
    """Where mails of sources arrive: `smtp://127.0.0.1:2525`, behind the house's mail server; empty: nowhere."""
    mail_to: list[str] = []
    """Addresses that are told by mail."""
    webhook_url: str = ""
    """Where else alarms are told, such as a room of a chat."""
    webhook_url_file: str = ""
    webhook_kind: Literal["json", "rocketchat", "mattermost", "matrix"] = "json"
    webhook_secret: str = ""
    webhook_secret_file: str = ""
    webhook_networks: list[str] = []
    speakers: list[str] = []
    """Loudspeakers for the last resort: `PJSIP/horn-1`, which answers by itself, `multicast:239.1.2.3:5004`."""
    speaker_codec: Literal["alaw", "ulaw"] = "alaw"
    """What listeners to a multicast expect."""
    alert_info: dict[str, Literal["snom", "yealink", "grandstream"]] = {}
    """Telephones that ring otherwise for alarms, and whose header does it: `"PJSIP/101" = "snom"`."""
    log_keep_days: int = 365
    tests: RegularTests = RegularTests()
