"""Whether the colleagues of one's department are free, rung, talking or away: never with whom, never since when."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Protocol

from ami_bridge import wire
from ami_bridge.calls.view import View
from ami_bridge.people.model import People, Person

FAMILY = "presence.dept:"
SWITCHBOARD = "switchboard"
"""This role sees all departments."""


class Hub(Protocol):
    """Where news go."""

    def publish(
        self, topic: str, event: str, kind: str, body: wire.Presence, *, key: str, login: str | None = None
    ) -> None:
        """Tell one person's clients."""

    def rights_changed(self, login: str) -> None:
        """Make this person's clients come back for a new snapshot."""


class Presence:
    """The topics `presence.dept:…`; everything here answers from memory, at once."""

    def __init__(
        self,
        *,
        people: People,
        hub: Hub,
        reachable: Callable[[str], bool],
        silent: Callable[[str], bool],
        shown: bool,
    ) -> None:
        """`reachable`: whether a person's telephone can be rung; `silent`: whether an extension is not spoken of."""
        self._live: dict[str, dict[str, wire.State]] = {}
        """By extension: its calls, kept from what is told anyway, so that nothing is searched for every event."""
        self._people = people
        self._hub = hub
        self._reachable = reachable
        self._silent = silent
        self._shown = shown
        self._told: dict[str, wire.Presence] = {}
        self._rosters: dict[str, frozenset[str]] = {}
        """By department: whose logins were shown last to somebody who looked."""
        self._departments: frozenset[str] = frozenset()
        """Those that were offered last."""

    def calls_changed(self, views: Sequence[View]) -> None:
        """Take in calls that look different now."""
        for view in views:
            if view.state != "ended":
                self._live.setdefault(view.extension, {})[view.call] = view.state
            elif view.extension in self._live:
                self._live[view.extension].pop(view.call, None)
        self.look({view.extension for view in views})

    def look(self, extensions: Iterable[str]) -> None:
        """Tell colleagues of everybody whose telephones these are and who is something else now."""
        self.moved({person.login for one in extensions for person in self._people.by_extension(one)})

    def moved(self, logins: Collection[str]) -> None:
        """Tell colleagues of these people where they are something else now, or at another telephone."""
        if not self._shown:
            return
        for person in filter(None, map(self._people.by_login, sorted(logins))):
            if not person.department or self._is_private(person):
                continue
            before, now = self._told.get(person.login), self._of(person)
            if now == before:
                continue
            topic = FAMILY + person.department
            for reader in self._readers(person.department):
                self._hub.publish(topic, "presence.changed", "presence", now, key=person.login, login=reader.login)

    def review(self) -> None:
        """Follow a new staff book, or people who sat down: nobody is shown who is gone, or at another's telephone.

        Who is shown one too many or too few comes back for a new snapshot; there is no news of that.
        """
        readers: set[str] = set()
        departments = self._all_departments()
        if departments != self._departments and self._departments:
            readers |= {one.login for one in self._people.all() if SWITCHBOARD in one.roles}
        self._departments = departments
        for department, shown in list(self._rosters.items()):
            now = frozenset(one.login for one in self._shown_in(department))
            if now != shown:
                self._rosters[department] = now
                readers |= {one.login for one in self._readers(department)}
        for login, told in list(self._told.items()):
            person = self._people.by_login(login)
            if person is None:
                del self._told[login]
            elif (told.name, told.extension) != (person.name, _first(person)):
                self.look(person.extensions)
        for login in readers:
            self._hub.rights_changed(login)

    def may_follow(self, login: str, topic: str) -> bool:
        """Whether this is one's own department; the switchboard may follow all of them."""
        person, department = self._people.by_login(login), topic.removeprefix(FAMILY)
        if not self._shown or person is None or not self._people.by_department(department):
            return False
        return person.department == department or SWITCHBOARD in person.roles

    def offers(self, login: str) -> Sequence[str]:
        """Return the departments that this person may follow, one's own first."""
        person = self._people.by_login(login)
        if person is None:
            return ()
        self._departments = self._all_departments()
        own_first = sorted(sorted(self._departments), key=lambda one: one != person.department)
        return [FAMILY + one for one in own_first if self.may_follow(login, FAMILY + one)]

    def snapshot(self, login: str, topic: str, *, seq: int) -> wire.Snapshot:
        """Return what everybody of a department is now, but for the reader."""
        department = topic.removeprefix(FAMILY)
        colleagues = self._shown_in(department)
        self._rosters[department] = frozenset(one.login for one in colleagues)
        shown = tuple(self._of(one) for one in colleagues if one.login != login)
        return wire.Snapshot(topic=topic, seq=seq, prev=seq, presences=shown)

    def _of(self, person: Person) -> wire.Presence:
        """Return what somebody is now, with the next `rev` where that is news."""
        states = {state for one in person.extensions for state in self._live.get(one, {}).values()}
        state: wire.PresenceState
        if states - {"ringing"}:
            state = "talking"
        elif states:
            state = "ringing"
        else:
            state = "free" if self._reachable(person.login) else "away"
        extension = _first(person)
        before = self._told.get(person.login)
        if before is not None and (before.state, before.name, before.extension) == (state, person.name, extension):
            return before
        now = wire.Presence(
            login=person.login,
            name=person.name,
            extension=extension,
            state=state,
            rev=1 if before is None else before.rev + 1,
        )
        self._told[person.login] = now
        return now

    def _readers(self, department: str) -> list[Person]:
        return [one for one in self._people.all() if one.department == department or SWITCHBOARD in one.roles]

    def _shown_in(self, department: str) -> list[Person]:
        colleagues = self._people.by_department(department)
        return [one for one in colleagues if one.extensions and not self._is_private(one)]

    def _all_departments(self) -> frozenset[str]:
        return frozenset(one.department for one in self._people.all() if one.department)

    def _is_private(self, person: Person) -> bool:
        return any(map(self._silent, person.extensions))


def _first(person: Person) -> str:
    return person.extensions[0] if person.extensions else ""
