"""What an alarm is: the report it came by, who is rung about it, each attempt, and what was done. Pure."""

from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from ami_bridge import wire

Priority = Literal[1, 2, 3, 4]
What = Literal["come", "go", "reset", "alive"]
Kind = Literal["simple", "basic", "extended"]
How = Literal["phone", "page", "api", "dialplan", "source"]
Overlay = Literal["", "shelved", "suppressed", "out-of-service"]
AttemptState = Literal["claimed", "ringing", "talking", "done"]
Purpose = Literal["alarm", "all-clear", "test"]
Outcome = Literal[
    "acked",
    "declined",
    "heard_not_acked",
    "voicemail_suspected",
    "busy",
    "rejected",
    "unreachable",
    "invalid_number",
    "forwarded",
    "no_answer",
    "path_failed",
    "forbidden",
    "cancelled",
    "daemon_lost",
]
"""How a call ended; `path_failed` and `daemon_lost` are no fault of the person, all others are about the person."""

ToldWhat = Literal[
    "raised",
    "mail-instead",
    "taken-over",
    "acknowledged",
    "returned",
    "closed",
    "last-resort",
    "reminder",
    "unacknowledged-again",
    "shelved",
    "unshelved",
    "trouble",
]
PATH_FAILURES: frozenset[Outcome] = frozenset({"path_failed"})
MOST_RAW = 8_000
"""Characters that are kept of what a source wrote."""
MOST_TEXT = 2_000
LONGEST_NAME = 200
SAME_EVENT = timedelta(hours=24)
"""For how long an event is known by the id that its source gave it."""


class Report(Struct, frozen=True, kw_only=True):
    """What a source says, in one form for all sources; there is one open alarm per (source, dedup)."""

    source: str
    point: str
    dedup: str
    what: What = "come"
    event: str = ""
    """What tells this very event from all others of its source, if that gave it an id: the same one changes nothing."""
    text: str = ""
    alarm_class: str | None = None
    priority: Priority | None = None
    event_time: datetime | None = None
    """When it happened there, if the source says; what is far off is noted, and not believed."""
    values: dict[str, str] = {}
    raw: str = ""
    unreadable: bool = False
    """It could not be understood: it is raised as an alarm that says so."""
    test: bool = False
    sound: str = ""
    """A sound that this alarm alone has, such as that of a test."""
    by: str = ""
    """Who raised it, where a person did: for the log."""
    once: str = ""
    """A name that this very report has wherever it comes from again: it counts the first time only."""
    people: "tuple[Person, ...]" = ()
    """With a test: who is rung once instead of the ladder. One report per person tells who was reached."""


class Person(Struct, frozen=True, kw_only=True):
    """Somebody who may be rung, as frozen into an alarm."""

    login: str
    name: str
    numbers: tuple[str, ...]
    """In the order to try: extensions, or numbers in E.164."""


class By(Struct, frozen=True, kw_only=True):
    """Who did something to an alarm, when, and how."""

    login: str | None
    name: str
    at: datetime
    how: How


class FrozenStep(Struct, frozen=True, kw_only=True):
    """One step of a ladder; whom its words mean but `duty` is settled when the alarm is raised."""

    words: tuple[str, ...]
    """`duty`, `duty:2` … and `speakers` as they are; everybody else is in `people`."""
    people: tuple[Person, ...] = ()
    after: int = 0


class Plan(Struct, frozen=True, kw_only=True):
    """How an alarm is dealt with, frozen when it is raised: no change of the configuration silences it."""

    kind: Kind = "basic"
    ack: Literal["phone", "site"] = "phone"
    ladder: str = ""
    steps: tuple[FrozenStep, ...] = ()
    everyone: tuple[Person, ...] = ()
    last_resort: tuple[Person, ...] = ()
    repeat: int = 300
    max_interval: int = 300
    ack_minutes: int = 60
    remind_minutes: int = 15
    paths: tuple[str, ...] = ("",)
    ring_seconds: int = 20
    rings: bool = True
    """Whether anybody is rung at all; not with priority 4."""
    quiet: str = ""
    """When a mail has to do."""
    all_clear: bool = False


class Target(Struct, frozen=True, kw_only=True):
    """Somebody who is rung in this round of the ladder, and how far one has come with them."""

    person: Person
    step: int
    number: int = 0
    """Which of their numbers is next, or being rung."""
    path: int = 0
    due: datetime | None = None
    """When to ring them next; None while they are rung, and when one is done with them in this round."""
    attempt: str = ""
    """The attempt under way."""
    tries: int = 0


class Alarm(Struct, frozen=True, kw_only=True):
    """One alarm, as its row has it; closed when it is neither active nor latched, and acknowledged where needed."""

    id: str
    turn: int = 0
    """Grows with every change; a change names the turn it starts from, so that one of two wins."""
    source: str
    dedup: str
    point: str
    plant: str
    text: str
    values: dict[str, str] = {}
    raw: str = ""
    priority: Priority
    alarm_class: str
    sound: str
    test: bool = False
    active: bool = True
    latched: bool = False
    raised_at: datetime
    event_time: datetime | None = None
    returned_at: datetime | None = None
    last_at: datetime
    """When it came or went last."""
    count: int = 1
    changes: tuple[datetime, ...] = ()
    """When it came and went lately: more than a few mean that it flutters."""
    flutters: bool = False
    taken_over: By | None = None
    acknowledged: By | None = None
    """Who acknowledged; nobody, once that is too long ago and the reminder was not heard."""
    acknowledged_until: datetime | None = None
    reminded_at: datetime | None = None
    reset: By | None = None
    overlay: Overlay = ""
    overlay_until: datetime | None = None
    overlay_by: By | None = None
    overlay_reason: str = ""
    bundle: str | None = None
    """The alarm of the same source under which this one is told while the source floods."""
    bundled: int = 0
    """How many are told under this one."""
    plan: Plan
    round: int = 1
    step: int = 0
    """The next step of the ladder in this round."""
    round_at: datetime | None = None
    """When this round began."""
    targets: tuple[Target, ...] = ()
    last_resort: bool = False
    """Whether this round has come to its end, and everybody is rung."""
    next_at: datetime | None
    """When something happens next; never None while the alarm is open and nobody has acknowledged it."""
    why: str = ""
    """Why that is the next thing, in a short stable word."""
    cleared_call: Literal["", "due", "done"] = ""
    """Whether who took over is to be told by telephone that it is over."""
    closed_at: datetime | None = None

    @property
    def answered_for(self) -> bool:
        """Whether somebody has taken over or acknowledged, so that nobody else is rung."""
        return self.acknowledged is not None or self.taken_over is not None

    @property
    def open(self) -> bool:
        """Whether it is not closed yet."""
        return self.closed_at is None


class Attempt(Struct, frozen=True, kw_only=True):
    """One call to one person about one alarm. Its id is the channel's too, so that Asterisk refuses a second one."""

    id: str
    """`att-` and a ULID: all ids are of one length, for Asterisk compares by prefix."""
    alarm: str
    login: str
    name: str
    destination: str
    path: str = ""
    purpose: Purpose = "alarm"
    code: str = ""
    state: AttemptState = "claimed"
    claimed_at: datetime
    deadline: datetime
    """When it is given up if nobody says how it ended."""
    talking_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    cause: str = ""
    """Asterisk's words: the status and the cause of hanging up."""
    tech: str = ""
    """What the other side said, such as `SIP 486`."""


class LogEntry(Struct, frozen=True, kw_only=True):
    """One line of the log of alarms, before it is chained to the one before."""

    at: datetime
    actor: str
    """A login, a source, `engine`, `sweeper`."""
    kind: str
    """What happened, in a short stable word."""
    alarm: str | None = None
    attempt: str | None = None
    data: dict[str, str | int | bool | None] = {}


class Chained(LogEntry, frozen=True, kw_only=True):
    """One line of the log as it is kept: with its number, and the hash of itself and all before it."""

    seq: int
    prev: str
    hash: str


class Told(Struct, frozen=True, kw_only=True):
    """What an output (mail, webhook) is told, at least once; `id` is the same when it is told again."""

    id: str
    alarm: wire.Alarm
    what: ToldWhat
    at: datetime
    text: str = ""
    """With `trouble`: what is wrong with the alarms themselves, in German."""
