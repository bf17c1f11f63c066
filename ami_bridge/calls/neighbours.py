"""Calls that ring at others' telephones: who of the same pickup group sees them and may take them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from msgspec import structs

from ami_bridge import wire
from ami_bridge.calls.actions import Might, possible_of_others
from ami_bridge.calls.bubble import Bubbles
from ami_bridge.calls.control import Offered
from ami_bridge.calls.view import View
from ami_bridge.contacts.directory import audience_of
from ami_bridge.people.model import People, Person
from ami_bridge.people.rules import means_any

FAMILY = "calls.dept:"
SWITCHBOARD = "switchboard"


class Group(Protocol):
    """People who take each other's calls, as configured."""

    @property
    def name(self) -> str:
        """Names it, in its topic too."""

    @property
    def who(self) -> Sequence[str]:
        """Who sees and takes them."""

    @property
    def of(self) -> Sequence[str]:
        """Whose calls these are; empty: those of the same people."""

    @property
    def lines(self) -> Sequence[str]:
        """Numbers whose calls the switchboard among them sees and takes."""

    @property
    def peer(self) -> bool:
        """Whether they see who is calling."""


class Board(Protocol):
    """What is going on."""

    def ringing(self) -> list[View]:
        """Return all calls that ring somewhere."""


class Hub(Protocol):
    """Where news go."""

    def publish(
        self, topic: str, event: str, kind: str, body: wire.Call, *, key: str, login: str | None = None
    ) -> None:
        """Tell one person's clients."""


class Neighbours:
    """The topics `calls.dept:…`; everything here answers from memory, at once."""

    def __init__(
        self,
        *,
        groups: Sequence[Group],
        board: Board,
        bubbles: Bubbles,
        people: People,
        hub: Hub,
        might: Callable[[Person, View | None], Might],
        silent: Callable[[str], bool],
    ) -> None:
        """`silent` tells of an extension or number whether its calls are nobody's business."""
        self._groups = groups
        self._board = board
        self._bubbles = bubbles
        self._people = people
        self._hub = hub
        self._might = might
        self._silent = silent
        self._shown: set[tuple[str, str]] = set()
        self._members: dict[str, tuple[Person, ...]] = {}
        self._owners: dict[str, frozenset[str]] = {}
        self._as_of = -1
        self.live = False
        """Whether what is known is live; else nothing can be done with it."""

    def show(self, view: View) -> None:
        """Tell those who may take it that somebody's telephone rings, or no longer does."""
        at = (view.call, view.extension)
        if view.state == "ringing":
            self._shown.add(at)
        elif at in self._shown:
            self._shown.discard(at)
        else:
            return
        for group in self._groups:
            for person in self._told(group, view):
                self._hub.publish(
                    FAMILY + group.name, "call.changed", "call", self._call(group, view, person),
                    key=f"{view.call} {view.extension}", login=person.login,
                )  # fmt: skip

    def retell(self) -> None:
        """Tell all of it again: what can be done has changed."""
        for view in self._board.ringing():
            self.show(view)

    def may_follow(self, login: str, topic: str) -> bool:
        """Whether this person is of the group."""
        group = self._group(topic)
        return group is not None and any(person.login == login for person in self._members_of(group))

    def offers(self, login: str) -> list[str]:
        """Return the groups that this person may follow."""
        return [FAMILY + group.name for group in self._groups if self.may_follow(login, FAMILY + group.name)]

    def snapshot(self, login: str, topic: str, *, seq: int) -> wire.Snapshot:
        """Return what rings in a group now."""
        group, person = self._group(topic), self._people.by_login(login)
        calls = () if group is None or person is None else tuple(
            self._call(group, view, person) for view in self._board.ringing() if self._sees(group, person, view)
        )  # fmt: skip
        return wire.Snapshot(topic=topic, seq=seq, prev=seq, calls=calls)

    def offered(self, login: str, call: str) -> list[Offered]:
        """Return where a call rings that this person may take."""
        person = self._people.by_login(login)
        if person is None:
            return []
        verbs = possible_of_others
        return [
            Offered(view, verbs(view, self._might(person, None)))
            for view in self._board.ringing()
            if view.call == call and any(self._sees(group, person, view) for group in self._groups)
        ]

    def _told(self, group: Group, view: View) -> Iterator[Person]:
        return (person for person in self._members_of(group) if self._sees(group, person, view))

    def _sees(self, group: Group, person: Person, view: View) -> bool:
        """Whether somebody sees a call of this group: never their own, which they see anyway."""
        now = self._people.by_login(person.login) or person  # with the seat where they sit
        if person not in self._members_of(group) or view.extension in now.extensions or self._is_private(view):
            return False
        if view.extension in self._owners_of(group):
            return True
        return SWITCHBOARD in person.roles and self._on_a_line(group, view)

    def _on_a_line(self, group: Group, view: View) -> bool:
        line = self._bubbles.line(view)
        return view.line in group.lines or (line is not None and line.exten in group.lines)

    def _is_private(self, view: View) -> bool:
        """Whether a call is one of those of which others learn nothing, not even that it rings."""
        number = self._bubbles.number(view.peer)
        told = (view.extension, view.line, None if number is None else number.exten or number.e164)
        return any(one is not None and self._silent(one) for one in told)

    def _call(self, group: Group, view: View, person: Person) -> wire.Call:
        """Draw a call as its neighbours see it."""
        call = self._bubbles.bubble(view, audience_of(person))
        if not group.peer:
            call = structs.replace(call, peer=wire.Peer(), others=(), forwarded_by=None, answered_by=None)
        if view.state == "ringing":
            verbs = possible_of_others(view, self._might(person, None)) if self.live else ()
            return structs.replace(call, actions=verbs)
        ended = view.ended_at or view.answered_at or view.since
        result = view.result or "answered"
        return structs.replace(call, state="ended", result=result, answered_at=None, ended_at=ended, actions=())

    def _group(self, topic: str) -> Group | None:
        return next((group for group in self._groups if FAMILY + group.name == topic), None)

    def _members_of(self, group: Group) -> tuple[Person, ...]:
        self._look_at_people()
        return self._members[group.name]

    def _owners_of(self, group: Group) -> frozenset[str]:
        self._look_at_people()
        return self._owners[group.name]

    def _look_at_people(self) -> None:
        """Work out anew who is in which group when people have changed."""
        if self._as_of == self._people.changes:
            return
        everybody = [self._people.by_login(person.login) or person for person in self._people.all()]
        for group in self._groups:
            self._members[group.name] = tuple(one for one in everybody if means_any(group.who, one))
            owners = (one for one in everybody if means_any(group.of or group.who, one))
            self._owners[group.name] = frozenset(extension for one in owners for extension in one.extensions)
        self._as_of = self._people.changes
