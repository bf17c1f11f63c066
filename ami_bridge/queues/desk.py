"""What people see of queues: who is told of which change, and the state for late comers; everything from memory."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Literal, Protocol

from ami_bridge import wire
from ami_bridge.calls.actions import Might
from ami_bridge.calls.bubble import Bubbles
from ami_bridge.calls.events import CallEvent, Entered, HungUp, Queued
from ami_bridge.calls.view import Party, View
from ami_bridge.contacts.directory import audience_of
from ami_bridge.people.model import People, Person
from ami_bridge.people.rules import means_any
from ami_bridge.queues.events import NAME, MemberNow, QueueEvent, QueueNow
from ami_bridge.queues.standing import Standing, State, Waiting

FAMILY = "queue:"
SWITCHBOARD = "switchboard"
"""This role sees all queues, and takes whoever waits."""


class Rule(Protocol):
    """What is configured for a queue."""

    @property
    def name(self) -> str:
        """As Asterisk calls it."""

    @property
    def who(self) -> Sequence[str]:
        """Who sees it besides its members."""

    @property
    def members(self) -> Sequence[str]:
        """Who may log in."""

    @property
    def manages(self) -> Sequence[str]:
        """Who may have others pause, and log them out."""


class Board(Protocol):
    """Knows the hints."""

    def extension_of(self, channel: str) -> str | None:
        """Return whose telephone has this channel."""


class Hub(Protocol):
    """Where news go."""

    def publish(
        self, topic: str, event: str, kind: str, body: wire.Queue, *, key: str, login: str | None = None
    ) -> None:
        """Tell one person's clients."""

    def rights_changed(self, login: str) -> None:
        """Make this person's clients come back for a new snapshot."""


class QueueDesk:
    """The topics `queue:…`."""

    def __init__(
        self,
        *,
        standing: Standing,
        rules: Sequence[Rule],
        lines: dict[str, str],
        board: Board,
        bubbles: Bubbles,
        people: People,
        hub: Hub,
        might: Callable[[Person, View | None], Might],
        silent: Callable[[str], bool],
        shown: bool,
        now: Callable[[], datetime],
    ) -> None:
        """`silent`: of whom nothing is told; `shown`: whether colleagues may see of each other who is free."""
        self._standing = standing
        self._rules = {rule.name: rule for rule in rules}
        self._lines = lines
        self._board = board
        self._bubbles = bubbles
        self._people = people
        self._hub = hub
        self._might = might
        self._silent = silent
        self._shown = shown
        self._now = now
        self._revs: dict[str, int] = {}
        self._served: dict[str, frozenset[str]] = {}
        """Extensions that served a queue when it was told last."""
        self._kept: dict[str, tuple[tuple[frozenset[str], int], frozenset[str]]] = {}
        self.live = False
        """Whether what is known is live; else nothing can be done with it."""

    # ---- what Asterisk tells

    def heard(self, event: CallEvent) -> None:
        """Take that somebody waits, or no longer does."""
        if isinstance(event, Queued):
            leg = event.leg
            if event.queue is None:
                self._changed(self._standing.leaves(leg.id))
            elif NAME.fullmatch(event.queue):
                self._changed(
                    self._standing.joins(
                        event.queue, leg=leg.id, channel=leg.channel, number=leg.number, now=self._now()
                    )
                )
        elif isinstance(event, Entered) and event.talk:
            self._standing.served(event.leg.id)
        elif isinstance(event, HungUp):
            self._changed(self._standing.leaves(event.leg.id))

    def apply(self, event: QueueEvent) -> None:
        """Take what is told of a member."""
        self._changed(self._standing.apply(event))

    def replace(self, queues: Iterable[QueueNow]) -> None:
        """Take a snapshot as the truth, and be live."""
        changed = self._standing.replace(queues, self._now())
        if not self.live:
            self.live = True
            changed = {state.name for state in self._standing.all()} | changed
        self._changed(changed)

    def emptied(self) -> None:
        """Say that the PBX began anew: nobody waits any more; who serves is told by its next snapshot."""
        self._changed(
            {name for state in self._standing.all() for leg in [*state.waiting] for name in self._standing.leaves(leg)}
        )

    def lost(self) -> None:
        """Say that nothing is live any more."""
        self.live = False
        self.retell()

    def retell(self) -> None:
        """Tell all of it again: what can be done has changed."""
        self._changed({state.name for state in self._standing.all()})

    def _changed(self, names: Iterable[str]) -> None:
        for name in names:
            state = self._standing.named(name)
            readers = self._who_sees(name, state)
            back = self._who_saw(name, state) ^ readers  # they come back, and are offered what they may see now
            was_told = self._served.pop(name, None) is not None
            if state is None and was_told:
                back |= readers  # there is no news of a queue that is gone: without it they would see it for ever
            for login in back:
                self._hub.rights_changed(login)
            if state is None:
                continue
            self._served[name] = self._serving(state)
            self._revs[name] = self._revs.get(name, 0) + 1
            for login in readers:
                if (person := self._people.by_login(login)) is not None:
                    self._hub.publish(
                        FAMILY + name, "queue.changed", "queue", self.show(state, person), key=name, login=login
                    )

    # ---- what people see

    def may_follow(self, login: str, topic: str) -> bool:
        """Whether this person may follow a topic."""
        person, name = self._people.by_login(login), topic.removeprefix(FAMILY)
        state = self._standing.named(name)
        there = state is not None or name in self._rules
        return person is not None and there and self._sees(person, name, self._serving(state))

    def offers(self, login: str) -> Sequence[str]:
        """Return the queues that this person may follow, by label; what is configured, before Asterisk tells of it."""
        person = self._people.by_login(login)
        names = {state.name for state in self._standing.all()} | self._rules.keys()
        seen = [
            name
            for name in names
            if person is not None and self._sees(person, name, self._serving(self._standing.named(name)))
        ]
        return [FAMILY + name for name in sorted(seen, key=lambda one: (self.label(one).casefold(), one))]

    def snapshot(self, login: str, topic: str, *, seq: int) -> wire.Snapshot:
        """Return a queue for this person."""
        person, state = self._people.by_login(login), self._standing.named(topic.removeprefix(FAMILY))
        shown = () if person is None or state is None else (self.show(state, person),)
        return wire.Snapshot(topic=topic, seq=seq, prev=seq, queues=shown)

    def queues(self, login: str) -> tuple[wire.Queue, ...]:
        """Return all queues that this person may see."""
        names = [topic.removeprefix(FAMILY) for topic in self.offers(login)]
        person = self._people.by_login(login)
        states = [state for name in names if (state := self._standing.named(name)) is not None]
        return () if person is None else tuple(self.show(state, person) for state in states)

    def seen(self, login: str, name: str) -> tuple[Person, State] | None:
        """Return a queue that this person may see, and the person; None where there is none."""
        person, state = self._people.by_login(login), self._standing.named(name)
        if person is None or state is None or not self._sees(person, state.name, self._serving(state)):
            return None
        return person, state

    def show(self, state: State, person: Person) -> wire.Queue:
        """Draw a queue for one person."""
        takes: tuple[Literal["take"], ...] = ("take",) if self.may_take(state, person) else ()
        members = [self._member(id_, one, state, person) for id_, one in state.members.items()]
        told = self._shown or self.manages(state.name, person)
        return wire.Queue(
            name=state.name,
            label=self.label(state.name),
            rev=self._revs.get(state.name, 1),
            waiting=tuple(
                wire.QueueCaller(id=one.id, peer=self._peer(one, person), since=one.since, actions=takes)
                for one in state.in_line
            ),
            members=tuple(sorted((one for one in members if one and (told or one.me)), key=lambda one: one.name)),
            all_members=told,
            actions=("login",) if self.may_log_in(state, person) else (),
        )

    def label(self, name: str) -> str:
        """Say what people call a queue."""
        return self._lines.get(name, name)

    # ---- who may what

    def may_take(self, state: State, person: Person) -> bool:
        """Whether somebody may have a telephone of their own rung by whom waits."""
        might = self._might(person, None)
        able = self.live and might.means.take and might.rings
        role = SWITCHBOARD in person.roles or self.manages(state.name, person)
        return able and (role or self.own(state, person) is not None)

    def may_log_in(self, state: State, person: Person) -> bool:
        """Whether somebody may begin to serve a queue."""
        rule, might = self._rules.get(state.name), self._might(person, None)
        if rule is None or not self.live or not might.means.queues or not might.rings:
            return False
        return means_any(rule.members, person) and self.own(state, person) is None

    def member_actions(
        self, member: MemberNow, state: State, person: Person
    ) -> tuple[Literal["pause", "unpause", "logout"], ...]:
        """Return what somebody may do with a member: with their own telephone, or as who manages the queue."""
        if not self.live or not self._might(person, None).means.queues:
            return ()
        if not self._is_of(member, person) and not self.manages(state.name, person):
            return ()
        return ("unpause" if member.paused else "pause", *(("logout",) if member.own else ()))

    def manages(self, name: str, person: Person) -> bool:
        """Whether somebody may have others pause."""
        rule = self._rules.get(name)
        return rule is not None and means_any(rule.manages, person)

    def own(self, state: State, person: Person) -> MemberNow | None:
        """Return by which telephone somebody serves a queue."""
        return next((one for one in state.members.values() if self._is_of(one, person)), None)

    def _who_saw(self, name: str, state: State | None) -> frozenset[str]:
        """Return who saw a queue as it was told last; a new staff book is not the queue's to tell."""
        before = self._served.get(name)
        if before is None:
            return self._who_sees(name, None)
        return self._who_sees(name, state) if before == self._serving(state) else self._seers(name, before)

    def _who_sees(self, name: str, state: State | None) -> frozenset[str]:
        """Return the logins of all who see a queue; worked out anew only when that can have changed."""
        if state is None and name not in self._rules:
            return frozenset()
        serving = self._serving(state)
        key = (serving, self._people.changes)
        kept = self._kept.get(name)
        if kept is None or kept[0] != key:
            kept = self._kept[name] = (key, self._seers(name, serving))
        return kept[1]

    def _seers(self, name: str, serving: frozenset[str]) -> frozenset[str]:
        persons = (self._people.by_login(one.login) for one in self._people.all())
        return frozenset(one.login for one in persons if one is not None and self._sees(one, name, serving))

    def _sees(self, person: Person, name: str, serving: frozenset[str]) -> bool:
        if SWITCHBOARD in person.roles or not serving.isdisjoint(person.extensions):
            return True
        rule = self._rules.get(name)
        return rule is not None and means_any((*rule.who, *rule.members, *rule.manages), person)

    def _serving(self, state: State | None) -> frozenset[str]:
        if state is None:
            return frozenset()
        found = map(self._extension, state.members.values())
        return frozenset(one for one in found if one is not None)

    def _extension(self, member: MemberNow) -> str | None:
        return self._board.extension_of(f"{member.device}-")

    def _is_of(self, member: MemberNow, person: Person) -> bool:
        return self._extension(member) in person.extensions

    def _member(self, id_: str, member: MemberNow, state: State, reader: Person) -> wire.QueueMember | None:
        """Draw a member; None for one of whom nothing is told."""
        extension, me = self._extension(member), self._is_of(member, reader)
        if extension is not None and not me and self._silent(extension):
            return None
        persons = self._people.by_extension(extension) if extension is not None else ()
        return wire.QueueMember(
            id=id_,
            name=persons[0].name if persons else member.name or (extension or ""),
            extension=extension,
            state=member.state,
            paused=member.paused,
            me=me,
            actions=self.member_actions(member, state, reader),
        )

    def _peer(self, one: Waiting, reader: Person) -> wire.Peer:
        """Name who waits; of some nothing is told to anybody."""
        extension = self._board.extension_of(one.channel)
        party = Party(exten=extension) if extension is not None else Party(number=one.number)
        number = self._bubbles.number(party)
        known = None if number is None else number.exten or number.e164
        if known is not None and self._silent(known):
            return wire.Peer()
        return self._bubbles.peer(party, audience_of(reader)) or wire.Peer()
