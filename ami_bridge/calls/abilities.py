"""What each person can do with calls, at each telephone: from what the PBX is prepared for and what they have."""

from collections.abc import Collection, Sequence
from typing import Protocol

from ami_bridge.calls.actions import Means, Might
from ami_bridge.calls.view import View
from ami_bridge.people.model import Person

CLEARS = frozenset({"switchboard", "admin"})


class Device(Protocol):
    """A telephone."""

    @property
    def id(self) -> str:
        """Its name at the PBX."""


class Devices(Protocol):
    """Whose telephones are whose."""

    def can_ring(self, login: str) -> bool:
        """Whether one of a person's telephones can be rung."""

    def of(self, login: str) -> Sequence[Device]:
        """Return a person's own telephones."""


class Drivers(Protocol):
    """Telephones that are steered over their own web server."""

    def can(self, device: str) -> Collection[str]:
        """Return what a telephone can be told to do."""


class Board(Protocol):
    """What is going on."""

    def calls_at(self, device_: str) -> int:
        """Return in how many calls a telephone has part just now."""


class Abilities:
    """Answers from memory, at once."""

    def __init__(self, *, devices: Devices, drivers: Drivers, board: Board) -> None:
        self.means = Means()
        """What the PBX is prepared for, as it told last."""
        self._devices = devices
        self._drivers = drivers
        self._board = board

    def of(self, person: Person, view: View | None) -> Might:
        """Return what a person can do; with a call, at the telephone that has it."""
        return Might(
            means=self.means,
            rings=self._devices.can_ring(person.login),
            drives=self._drives(person) if view is None else self._drives_in(view),
            clears=not CLEARS.isdisjoint(person.roles),
        )

    def _drives(self, person: Person) -> Collection[str]:
        return {what for device in self._devices.of(person.login) for what in self._drivers.can(device.id)}

    def _drives_in(self, view: View) -> Collection[str]:
        """Tell what the telephone of a call can be told; one that has several calls might take the wrong one."""
        if len(view.devices) != 1 or self._board.calls_at(view.devices[0]) != 1:
            return ()
        return self._drivers.can(view.devices[0])
