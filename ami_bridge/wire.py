"""Messages to and from clients: their only JSON (protocol `ami-bridge.v1`, and what REST answers with)."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from ami_bridge import wire_alarms

PROTOCOL = "ami-bridge.v1"

State = Literal["dialing", "ringing", "answered", "held", "parked", "queued", "conference", "ended"]
Direction = Literal["in", "out", "internal"]
Role = Literal["caller", "callee"]
Result = Literal["answered", "missed", "busy", "rejected", "cancelled", "failed", "transferred", "merged"]


class Peer(Struct, frozen=True, kw_only=True):
    """The other party of a call, as this reader may see it."""

    number: str | None = None
    """E.164 (`+498999998101`), or an extension as it is; None where it is withheld."""
    display: str = ""
    """The number as people write it."""
    name: str | None = None
    org: str | None = None
    source: str | None = None
    """Label of the book or place that gave the name."""
    kind: str | None = None
    """What the book calls the number: `work`, `mobile`, `home` …"""
    matches: int = 0
    """How many contacts have this number."""
    names: tuple[str, ...] = ()
    """Where there are several: who they are, the most likely first, at most 20."""
    refs: tuple[str, ...] = ()
    """Which contacts `names` are, in the same order, so that the reader can choose."""
    reason: str | None = None
    """Why the name was chosen, in a short stable word: `exact`, `extension`, `stem`, `head`, `choice`."""
    ref: str | None = None
    """Which contact this is; none where it is no contact, or several."""
    link: str | None = None
    """The caller's page in the groupware."""


class Line(Struct, frozen=True, kw_only=True):
    """The called number of one's own house."""

    exten: str
    label: str | None = None


class Call(Struct, frozen=True, kw_only=True):
    """One call as one person is shown it; always whole, newest `rev` counts."""

    id: str
    """ULID, stable for the life of the call."""
    pbx: str
    rev: int
    state: State
    direction: Direction
    role: Role
    """Whether the reader's side began the call."""
    since: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    peer: Peer = Peer()
    others: tuple[Peer, ...] = ()
    """Further parties of a conference."""
    line: Line | None = None
    extension: str | None = None
    """The reader's own extension that takes part."""
    forwarded_by: Peer | None = None
    result: Result | None = None
    answered_by: Peer | None = None
    """Who took a call that rang at several phones, when it was not the reader."""
    merged_into: str | None = None
    parked_at: str | None = None
    queue: str | None = None
    room: str | None = None
    waits: Peer | None = None
    """Who waits while the reader asks somebody else: `transfer` without a number joins them, `resume` goes back."""
    note: str | None = None
    """What was written down about it at the reader's extension."""
    actions: tuple[str, ...] = ()


class Entry(Struct, frozen=True, kw_only=True):
    """One finished call as a reader's journal shows it; always whole, newest `rev` counts."""

    id: str
    call: str
    """The live call that it was."""
    pbx: str
    rev: int
    extension: str | None = None
    """Whose telephone it was at; in a department's journal, one of them."""
    direction: Direction
    role: Role
    result: Result
    peer: Peer = Peer()
    line: Line | None = None
    started_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime
    note: str | None = None
    """What the reader wrote down; nobody else sees it."""
    private: bool = False
    """Shown to its owner alone, and only on wish."""
    done_by: str | None = None
    """Who called back, or said that nothing is left to do."""
    done_at: datetime | None = None
    gone: bool = False
    """It is not in this journal any more, and nothing is told of it."""


class Bridge(Struct, frozen=True, kw_only=True):
    """Whether what is shown is live."""

    pbx: str
    ami: Literal["up", "down"]
    since: datetime


class RoomPin(Struct, frozen=True, kw_only=True):
    """One way into a conference room."""

    id: str
    role: Literal["mod", "part", "guest"]
    name: str
    """Who comes in with it; empty for guests."""
    digits: str | None = None
    """None for readers who need not know them."""
    revoked: bool = False


class Participant(Struct, frozen=True, kw_only=True):
    """Somebody who is in a conference room."""

    id: str
    name: str | None = None
    number: str | None = None
    """Whole for who moderates, else but its end."""
    display: str | None = None
    """The number as people write it."""
    me: bool = False
    """Whether it is the reader, who may mute himself."""
    since: datetime
    role: Literal["mod", "part"]
    muted: bool = False
    talking: bool = False
    waiting: bool = False
    """With music, until a moderator comes."""


PresenceState = Literal["free", "ringing", "talking", "away"]


class Presence(Struct, frozen=True, kw_only=True):
    """What a colleague is just now, never with whom or since when; newest `rev` counts."""

    login: str
    name: str
    extension: str
    state: PresenceState
    """`away`: none of the telephones is registered."""
    rev: int


class Room(Struct, frozen=True, kw_only=True):
    """One conference room as one person may see it; always whole, newest `rev` counts."""

    number: str
    title: str
    owner: str
    """Display name of who made it."""
    kind: Literal["booked", "department", "personal", "adhoc"]
    language: str
    starts: datetime | None = None
    ends: datetime | None = None
    opens: datetime | None = None
    closes: datetime | None = None
    most: int
    waits: bool
    recording: bool
    dial_in: str
    moderates: bool = False
    """Whether the reader may do things in it."""
    can_record: bool = False
    """Whether recordings can be made here."""
    my_pin: str | None = None
    guest_pin: str | None = None
    pins: tuple[RoomPin, ...] = ()
    """All of them, for who moderates."""
    invitation: dict[str, str] = {}
    """Text to send to people, by language."""
    since: datetime | None = None
    """Since when somebody is in it."""
    locked: bool = False
    recorded: bool = False
    guessed: bool = False
    """For who moderates: many wrong PINs were typed lately."""
    lines_short: bool = False
    """For who moderates: so much is booked for its time that lines may not be enough for all callers."""
    participants: tuple[Participant, ...] = ()
    ended: bool = False
    rev: int = 1


AlarmBy = wire_alarms.AlarmBy
Attempt = wire_alarms.Attempt
Alarm = wire_alarms.Alarm


class QueueCaller(Struct, frozen=True, kw_only=True):
    """Somebody who waits in a queue."""

    id: str
    peer: Peer = Peer()
    since: datetime
    actions: tuple[Literal["take"], ...] = ()


QueueMemberState = Literal["free", "ringing", "talking", "away", "unknown"]


class QueueMember(Struct, frozen=True, kw_only=True):
    """Somebody who serves a queue: what they are just now, never with whom, since when or how often."""

    id: str
    name: str
    extension: str | None = None
    state: QueueMemberState
    """`away`: the telephone is not registered."""
    paused: bool = False
    """The queue does not ring this telephone for the time being."""
    me: bool = False
    actions: tuple[Literal["pause", "unpause", "logout"], ...] = ()


class Queue(Struct, frozen=True, kw_only=True):
    """One queue as one person may see it; always whole, newest `rev` counts."""

    name: str
    """As Asterisk calls it."""
    label: str
    rev: int
    waiting: tuple[QueueCaller, ...] = ()
    """Who has waited longest comes first."""
    members: tuple[QueueMember, ...] = ()
    all_members: bool = True
    """False where nobody is told what colleagues are just now: then `members` has but the reader."""
    actions: tuple[Literal["login"], ...] = ()


class User(Struct, frozen=True, kw_only=True):
    """Who is signed in."""

    login: str
    name: str
    extensions: tuple[str, ...] = ()
    roles: tuple[str, ...] = ("user",)
    department: str | None = None


class Resume(Struct, frozen=True):
    """Where a client stopped reading."""

    epoch: str
    seq: int


class Hello(Struct, frozen=True, tag_field="type", tag="hello"):
    """A client's first message."""

    client: str = ""
    lang: str = "de"
    topics: tuple[str, ...] = ("calls.self",)
    resume: Resume | None = None


class Request(Struct, frozen=True, tag_field="type", tag="request"):
    """What a client asks for; `key` is needed where something rings."""

    id: str
    op: str
    params: dict[str, Any] = {}
    key: str | None = None


class Welcome(Struct, frozen=True, kw_only=True, tag_field="type", tag="welcome"):
    """The answer to `hello`."""

    protocol: int = 1
    epoch: str
    seq: int
    recovered: bool
    heartbeat: int = 25
    user: User
    capabilities: tuple[str, ...] = ()
    topics: tuple[str, ...]
    refused: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    """Topics that this person may follow and could not guess, such as the department's."""


class Snapshot(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="snapshot"):
    """The whole state of one topic; it replaces what the client had."""

    topic: str
    seq: int
    prev: int
    calls: tuple[Call, ...] | None = None
    bridges: tuple[Bridge, ...] | None = None
    rooms: tuple[Room, ...] | None = None
    presences: tuple[Presence, ...] | None = None
    alarms: tuple[Alarm, ...] | None = None
    queues: tuple[Queue, ...] | None = None


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="event"):
    """One thing changed; carries the whole object, already encoded."""

    seq: int
    prev: int
    ts: datetime
    topic: str
    event: str
    call: msgspec.Raw | Call | None = None
    bridge: msgspec.Raw | Bridge | None = None
    entry: msgspec.Raw | Entry | None = None
    room: msgspec.Raw | Room | None = None
    presence: msgspec.Raw | Presence | None = None
    alarm: msgspec.Raw | Alarm | None = None
    queue: msgspec.Raw | Queue | None = None


class Tick(Struct, frozen=True, tag_field="type", tag="tick"):
    """Sign of life on an idle link; reveals a gap."""

    seq: int
    prev: int


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a request failed."""

    code: str
    message: str
    retry: bool = False
    retry_after: float | None = None


class Response(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="response"):
    """The answer to one request."""

    id: str
    ok: bool
    result: Any = None
    error: Problem | None = None


FromClient = Hello | Request
FromServer = Welcome | Snapshot | Event | Tick | Response

encode = msgspec.json.Encoder().encode
decode_from_client = msgspec.json.Decoder(FromClient).decode
