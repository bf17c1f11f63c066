"""Which extension a device belongs to. Pure.

Hints may name a device several times: its owner's extension, and a lamp for the whole ring group. A device has one
owner all the same, and it does not change with the order in which hints are told.
"""

from collections.abc import Mapping


class Hints:
    """Extensions and their devices, as the PBX tells them."""

    def __init__(self) -> None:
        self._devices: dict[str, tuple[str, ...]] = {}
        self._named_by: dict[str, set[str]] = {}
        self._owner: dict[str, str] = {}

    def replace(self, hints: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
        """Take all hints anew; return the devices whose owner changed."""
        before = self._owner
        self._devices = dict(hints)
        self._named_by = {}
        for exten, devices in hints.items():
            for one in devices:
                self._named_by.setdefault(one, set()).add(exten)
        self._owner = {one: self._choose(one) for one in self._named_by}
        return frozenset(one for one in before.keys() | self._owner.keys() if before.get(one) != self._owner.get(one))

    def change(self, exten: str, devices: tuple[str, ...]) -> frozenset[str]:
        """Take one extension's devices anew; return the devices whose owner changed."""
        before = self._devices.get(exten, ())
        if before == devices:  # by far the most frequent: the telephone's state changed, not its owner
            return frozenset()
        self._devices[exten] = devices
        changed = set()
        for one in {*before, *devices}:
            named = self._named_by.setdefault(one, set())
            (named.add if one in devices else named.discard)(exten)
        for one in {*before, *devices} | {
            two for ext in self._rivals({*before, *devices}) for two in self._devices[ext]
        }:
            owner = self._choose(one)
            if owner != self._owner.get(one, ""):
                changed.add(one)
            if owner:
                self._owner[one] = owner
            else:
                self._owner.pop(one, None)
                self._named_by.pop(one, None)
        return frozenset(changed)

    def owner(self, device: str) -> str | None:
        """Return the extension whose device this is."""
        return self._owner.get(device)

    def owned_by(self, exten: str) -> tuple[str, ...]:
        """Return the devices whose owner this extension is, in the order of its hint."""
        return tuple(one for one in self._devices.get(exten, ()) if self._owner.get(one) == exten)

    def all(self) -> dict[str, tuple[str, ...]]:
        """Return what was told."""
        return dict(self._devices)

    def _rivals(self, devices: set[str]) -> set[str]:
        """Return the extensions that name any of these devices: how many devices they name decides."""
        return {exten for one in devices for exten in self._named_by.get(one, ())}

    def _choose(self, one: str) -> str:
        """Return the owner: the extension the device is named after, else the hint with the fewest devices."""
        named = self._named_by.get(one, set())
        after = one.rpartition("/")[2]
        if after in named:
            return after
        return min(named, key=lambda exten: (len(self._devices[exten]), len(exten), exten), default="")
