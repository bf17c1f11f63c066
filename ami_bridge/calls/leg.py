"""One leg of a live call: one telephone's part in it, as the board remembers it."""

from datetime import datetime

from ami_bridge.calls.events import Leg

PHASES = {"down": 0, "ringing": 1, "up": 2}


class LiveLeg:
    """What the board knows of one leg. Only the board writes here."""

    __slots__ = (
        "answered_at", "asks_while", "awaited", "bridge", "by", "channel", "connected", "dialled", "exten",
        "first_exten", "forwarded_by", "gone_at", "holding", "id", "joined", "linked", "local", "lost", "number",
        "originated", "parked_at", "parker", "phase", "queue", "rang", "room", "since", "status",
        "transferred", "unreachable",
    )  # fmt: skip

    def __init__(self, leg: Leg, since: datetime) -> None:
        self.id = leg.id
        self.linked = leg.linked
        self.channel = ""
        self.exten: str | None = None
        """The extension whose device this is; None for trunks and for legs that are nobody's."""
        self.local = False
        """A Local channel is plumbing, never a party."""
        self.first_exten = leg.exten if leg.exten not in {"", "s"} else ""
        """What was dialled when the leg began."""
        self.phase = 0
        self.number = leg.number
        self.connected = leg.connected
        self.since = since
        self.answered_at: datetime | None = None
        self.gone_at: datetime | None = None
        self.dialled = False
        """Somebody rang this leg; it did not begin the call."""
        self.originated = False
        """We rang it because its owner clicked on a number; whom it calls comes after."""
        self.awaited = False
        """Asterisk was asked to ring it, and has not said anything of it yet."""
        self.unreachable = False
        """It ended because there is no way to what it dialled."""
        self.lost = False
        """It ended while nobody looked, so nobody knows how."""
        self.joined = False
        """It came from another call, which became part of this one."""
        self.by: LiveLeg | None = None
        self.rang = False
        self.status = ""
        """DIALSTATUS of the ringing of this leg, once it is over."""
        self.asks_while: LiveLeg | None = None
        """Who was left waiting, or is about to be, so that somebody else can be asked first."""
        self.bridge: str | None = None
        self.holding = False
        self.transferred = False
        self.forwarded_by: LiveLeg | None = None
        self.parked_at: str | None = None
        self.parker = ""
        self.queue: str | None = None
        self.room: str | None = None

    def see(self, leg: Leg, now: datetime) -> bool:
        """Take over what an event shows, and say whether it was news; a phase only ever goes forward."""
        self.awaited = False
        before = self.phase, self.number, self.connected, self.first_exten
        phase = PHASES[leg.phase]
        if phase > self.phase:
            self.phase = phase
            if phase == PHASES["ringing"]:
                self.rang = True
            elif phase == PHASES["up"]:
                self.answered_at = now
        if leg.number is not None:
            self.number = leg.number
        if leg.connected is not None:
            self.connected = leg.connected
        if not self.first_exten and leg.exten not in {"", "s"}:
            self.first_exten = leg.exten
        return before != (self.phase, self.number, self.connected, self.first_exten)

    def end(self, now: datetime) -> None:
        """Be gone for good: nowhere any more."""
        self.gone_at = now
        self.awaited = False
        self.room = self.parked_at = self.queue = None

    @property
    def gone(self) -> bool:
        """Whether it has hung up."""
        return self.gone_at is not None

    @property
    def up(self) -> bool:
        """Whether it talks, or could."""
        return self.phase == PHASES["up"] and self.gone_at is None

    @property
    def waiting(self) -> "LiveLeg | None":
        """Who waits while this one asks somebody else: both talk, or could, but not to each other."""
        other = self.asks_while
        if other is None or self.bridge is None or other.bridge is None or self.bridge == other.bridge:
            return None
        return other if self.up and other.up else None

    @property
    def known(self) -> bool:
        """Whether there is something to show: nobody sees a call that does not ring yet.

        A leg's very first event does not tell who rings it, and a telephone that is off never does.
        """
        return self.phase == PHASES["up"] or (self.rang or self.gone if self.dialled else self.id == self.linked)

    @property
    def party(self) -> bool:
        """Whether somebody is at its end."""
        return not self.local


def device(channel: str) -> str:
    """Return the device of a channel: `PJSIP/102-0000001a` is one of `PJSIP/102`."""
    return channel.rpartition("-")[0] or channel
