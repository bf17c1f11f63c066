"""What each person's clients see of calls: who is told of which change, and the state for late comers."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Literal, Protocol

from msgspec import structs

from ami_bridge import wire
from ami_bridge.calls.actions import Might, capabilities, possible
from ami_bridge.calls.board import Board
from ami_bridge.calls.bubble import Bubbles, direction
from ami_bridge.calls.control import Offered
from ami_bridge.calls.neighbours import Neighbours
from ami_bridge.calls.notes import Notes
from ami_bridge.calls.presence import Presence
from ami_bridge.calls.view import View
from ami_bridge.contacts.directory import audience_of
from ami_bridge.journal.model import JournalRow
from ami_bridge.people.model import People, Person, user_of

OWN_CALLS = "calls.self"
BRIDGE = "bridge"
REMEMBER_NOTED = 1_000


def nothing_more(_person: Person, _view: View | None) -> Might:
    """Answer for a PBX that is prepared for nothing: one can hang up."""
    return Might()


class Hub(Protocol):
    """Where news go."""

    def publish(
        self,
        topic: str,
        event: str,
        kind: str,
        body: wire.Call | wire.Bridge,
        *,
        key: str,
        login: str | None = None,
        extension: str | None = None,
    ) -> None:
        """Tell one person's clients, or everybody's."""


class Journal(Protocol):
    """Where finished calls go."""

    def notice(self, row: JournalRow) -> None:
        """Take a finished call."""

    def reached(self, row: JournalRow) -> None:
        """Be told that a caller talks to whom was called; the call is not finished yet."""

    def take_back(self, row: JournalRow) -> None:
        """Forget a call that turned out to be somebody else's, or to go on."""


class Desk:
    """Calls as people see them; everything here answers from memory, at once."""

    def __init__(
        self,
        *,
        board: Board,
        bubbles: Bubbles,
        people: People,
        hub: Hub,
        journal: Journal,
        now: Callable[[], datetime],
        might: Callable[[Person, View | None], Might] = nothing_more,
        neighbours: Neighbours | None = None,
        presence: Presence | None = None,
    ) -> None:
        """`might`: what a person can do; `neighbours`: calls for those who may take them; `presence`: who talks."""
        self._board = board
        self._bubbles = bubbles
        self._people = people
        self._hub = hub
        self._journal = journal
        self._might = might
        self._neighbours = neighbours
        self._presence = presence
        self._notes = Notes()
        self._noted: dict[str, None] = {}
        self._now = now
        self.bridge = wire.Bridge(pbx=board.pbx, ami="down", since=now())

    def show(self, views: Iterable[View]) -> None:
        """Tell those whom they concern that calls have changed, and have ended ones kept."""
        views = tuple(views)
        for view in views:
            if view.merged_into is not None:
                self._notes.move(view.call, view.extension, view.merged_into)
            if view.state == "ended":
                self._note(view)
            elif view.caller and view.state == "answered":
                self._journal.reached(self._row(view))
            if self._neighbours is not None:
                self._neighbours.show(view)
            for person in self._people.by_extension(view.extension):
                self._tell(
                    view, self._call(view, person), person.login
                )  # who shares a telephone shares no address book
        if self._presence is not None:
            self._presence.calls_changed(views)

    def retell(self, login: str) -> None:
        """Tell one person's live calls again: somebody has another name now."""
        person = self._people.by_login(login)
        if person is not None:
            for view in self._board.views(person.extensions):
                self._tell(view, self._call(view, person), login)

    def retell_all(self) -> None:
        """Tell everybody's live calls again: what can be done with them has changed."""
        for person in self._people.all():
            self.retell(person.login)
        if self._neighbours is not None:
            self._neighbours.retell()

    def _call(self, view: View, person: Person) -> wire.Call:
        """Draw a call for one person, with what that person can do now: nothing, while Asterisk is out of sight."""
        call = self._bubbles.bubble(view, audience_of(person))
        verbs = possible(view, self._might(person, view)) if self.bridge.ami == "up" else ()
        return structs.replace(call, actions=verbs, note=self._notes.of(view.call, view.extension))

    def _tell(self, view: View, call: wire.Call, login: str) -> None:
        self._hub.publish(
            OWN_CALLS, "call.changed", "call", call,
            key=f"{call.id} {view.extension}", login=login, extension=view.extension,
        )  # fmt: skip

    def bridge_is(self, ami: Literal["up", "down"]) -> None:
        """Tell everybody whether what they see is live."""
        if self.bridge.ami != ami:
            self.bridge = wire.Bridge(pbx=self._board.pbx, ami=ami, since=self._now())
            self._hub.publish(BRIDGE, "bridge.changed", "bridge", self.bridge, key=BRIDGE)
            if self._neighbours is not None:
                self._neighbours.live = ami == "up"
            self.retell_all()  # what can be done comes and goes with it

    def user(self, login: str) -> wire.User | None:
        """Who this is; None for somebody who is gone."""
        person = self._people.by_login(login)
        return None if person is None else user_of(person)

    def may_follow(self, login: str, topic: str) -> bool:
        """Whether this person may follow a topic; what is not known here is not allowed."""
        return topic == BRIDGE or (topic == OWN_CALLS and self._people.by_login(login) is not None)

    def capabilities(self, login: str) -> Sequence[str]:
        """Return what this person can do with one or another call; watching needs no capability."""
        person = self._people.by_login(login)
        return () if person is None else capabilities(self._might(person, None))

    def offered(self, login: str, call: str) -> list[Offered]:
        """Return how a person sees a call, at their own extensions and where they may take it, and what they can do."""
        person = self._people.by_login(login)
        views = () if person is None else self._board.views(person.extensions)
        own = [
            Offered(view, possible(view, self._might(person, view)))
            for view in views
            if person is not None and view.call == call
        ]
        return own if self._neighbours is None else own + self._neighbours.offered(login, call)

    def note(self, view: View, text: str) -> None:
        """Take what somebody wrote down about a call that is going on, and show it to who shares it."""
        self._notes.write(view.call, view.extension, text)
        self.show([view])

    def calls(self, login: str) -> tuple[wire.Call, ...]:
        """Return the live calls of one person."""
        person = self._people.by_login(login)
        if person is None:
            return ()
        return tuple(self._call(view, person) for view in self._board.views(person.extensions))

    def snapshot(self, login: str, topic: str, *, seq: int) -> wire.Snapshot:
        """Return the whole state of a topic for this person."""
        if topic == BRIDGE:
            return wire.Snapshot(topic=topic, seq=seq, prev=seq, bridges=(self.bridge,))
        return wire.Snapshot(topic=topic, seq=seq, prev=seq, calls=self.calls(login))

    def _note(self, view: View) -> None:
        """Have a finished call kept, unless it goes on under another id or was somebody else's in the end."""
        row = self._row(view)
        if view.result in {None, "merged"} or view.answered_by is not None or view.ended_at is None:
            if row.id in self._noted:  # it looked like an end a moment ago
                del self._noted[row.id]
                self._journal.take_back(row)
            return
        self._noted[row.id] = None
        if len(self._noted) > REMEMBER_NOTED:
            del self._noted[next(iter(self._noted))]
        self._journal.notice(row)

    def _row(self, view: View) -> JournalRow:
        """Write a view down as the journal takes it."""
        number = self._bubbles.number(view.peer)
        line = self._bubbles.line(view)
        return JournalRow(
            id=f"{view.call}-{view.extension}",
            call_id=view.call,
            pbx_id=view.pbx,
            extension=view.extension,
            direction=direction(view),
            role="caller" if view.caller else "callee",
            result=view.result or "failed",
            peer_number=None if number is None else number.exten or number.e164,
            line=None if line is None else line.exten,
            started_at=view.since,
            answered_at=view.answered_at,
            ended_at=view.ended_at or self._now(),
            dialled=view.line if view.caller else None,
            note=self._notes.of(view.call, view.extension),
        )
