"""Who is in which bridge, and who hears whom through Local channels. Pure."""

from collections.abc import Collection, Iterator

from ami_bridge.calls.leg import LiveLeg, device


class Bridges:
    """The bridges of one PBX, and the halves of its Local channels."""

    def __init__(self) -> None:
        self._members: dict[str, dict[str, LiveLeg]] = {}
        self._halves: dict[str, LiveLeg] = {}

    def __len__(self) -> int:
        return len(self._members) + len(self._halves)

    def members(self, bridge: str | None) -> list[LiveLeg]:
        """Return the legs in a bridge."""
        return list(self._members.get(bridge or "", {}).values())

    def enter(self, leg: LiveLeg, bridge: str) -> None:
        """Put a leg into a bridge, and out of the one it is in."""
        if leg.bridge != bridge:
            self.leave(leg)
        leg.bridge = bridge
        self._members.setdefault(bridge, {})[leg.id] = leg

    def leave(self, leg: LiveLeg) -> None:
        """Take a leg out of its bridge."""
        if leg.bridge is None:
            return
        members = self._members.get(leg.bridge, {})
        members.pop(leg.id, None)
        if not members:
            self._members.pop(leg.bridge, None)
        leg.bridge = None

    def clear(self, legs: Iterator[LiveLeg]) -> None:
        """Forget all bridges: they are about to be told anew."""
        self._members = {}
        for leg in legs:
            leg.bridge = None

    def know(self, leg: LiveLeg) -> None:
        """Remember a Local leg by its name."""
        if leg.local:
            self._halves[leg.channel] = leg

    def forget(self, leg: LiveLeg) -> None:
        """Forget a leg that is over."""
        self.leave(leg)
        self.unname(leg)

    def unname(self, leg: LiveLeg) -> None:
        """Forget a Local leg's name: it is about to change."""
        if leg.local and self._halves.get(leg.channel) is leg:
            del self._halves[leg.channel]

    def other_half(self, leg: LiveLeg) -> LiveLeg | None:
        """Return the other end of a Local channel: `Local/x-1;1` and `Local/x-1;2` are its two ends."""
        name = leg.channel
        return self._halves.get(name[:-1] + ("2" if name.endswith("1") else "1"))

    def around(self, bridge: str | None) -> list[LiveLeg]:
        """Return everybody in a bridge, and in those behind Local channels in it."""
        seen: set[str] = set()
        found: list[LiveLeg] = []
        unseen = [bridge]
        while unseen:
            one = unseen.pop()
            if one is None or one in seen:
                continue
            seen.add(one)
            for leg in self._members.get(one, {}).values():
                found.append(leg)
                if leg.local and (half := self.other_half(leg)) is not None:
                    unseen.append(half.bridge)
        return found

    def partners(self, leg: LiveLeg) -> list[LiveLeg]:
        """Return everybody who hears this leg: its bridge, and what lies behind Local channels in it."""
        return [one for one in self.around(leg.bridge) if not one.local and one is not leg and one.gone_at is None]

    def room_of(self, leg: LiveLeg) -> str | None:
        """Return the conference room in which somebody is, also through Local channels."""
        if leg.room is not None or leg.bridge is None:
            return leg.room
        halves = (self.other_half(one) for one in self.around(leg.bridge) if one.local)
        return next((half.room for half in halves if half is not None and half.room is not None), None)

    def way_out(self, leg: LiveLeg) -> LiveLeg | None:
        """Return the Local channel by which a leg reaches whom it has dialled from within a conversation."""
        return next((one for one in self._members.get(leg.bridge or "", {}).values() if one.local), None)

    def hold_again(self, legs: Collection[LiveLeg], on_hold: frozenset[str]) -> None:
        """Read from device states who holds whom: the device that waits is told to be on hold, not the holding one."""
        calls_of: dict[str, int] = {}
        for leg in legs:
            if leg.gone_at is None:
                calls_of[device(leg.channel)] = calls_of.get(device(leg.channel), 0) + 1
        for leg in legs:
            if leg.bridge is None or leg.room is not None or leg.local:
                continue
            waiting = [device(one.channel) for one in self.partners(leg)]
            if waiting and all(calls_of[one] == 1 for one in waiting):
                leg.holding = all(one in on_hold for one in waiting)
