"""Which channels somebody reaches in a call: the only channels that are ever named to Asterisk. Pure."""

from collections.abc import Callable

from msgspec import Struct

from ami_bridge.calls.bridges import Bridges
from ami_bridge.calls.call import LiveCall
from ami_bridge.calls.leg import LiveLeg, device
from ami_bridge.calls.linked import LinkedCalls


class Reach(Struct, frozen=True, kw_only=True):
    """The channels of one call, seen from one extension, as they are now."""

    mine: tuple[str, ...] = ()
    """Those of the extension's own telephones."""
    talking: str | None = None
    """The one of them that is in the conversation."""
    device: str | None = None
    """Whose telephone that is, or which one rings."""
    partner: str | None = None
    """The other end of the conversation; none where there are several."""
    of_the_house: bool = False
    """Whether that is a telephone of the house."""
    caller: str | None = None
    """The one that rings the extension's telephones."""
    asked: str | None = None
    """The one by which somebody else is asked while the partner waits."""
    room: str | None = None
    space: str | None = None
    """The parking place where the call waits for this extension."""


class Grip:
    """What call control takes hold of: it is told channels, and tells what is about to happen."""

    def __init__(self, calls: LinkedCalls, bridges: Bridges) -> None:
        self._calls = calls
        self._bridges = bridges

    def reach(self, call_id: str, extension: str) -> Reach | None:
        """Return the channels that an extension reaches in a call; None where there is no such call any more."""
        call = self._calls.by_id(call_id)
        return None if call is None else reach_of(call, extension, self._bridges)

    def of_leg(self, id_: str) -> tuple[str, str] | None:
        """Return the call and the extension of one leg; None where it is nobody's, or over."""
        for call in self._calls:
            leg = call.legs.get(id_)
            if leg is not None and leg.exten is not None and not leg.gone:
                return call.id, leg.exten
        return None

    def sends_on(self, call_id: str, extension: str) -> Callable[[], None]:
        """Be told that this extension is about to send a ringing call elsewhere; returns what takes that back."""
        call = self._calls.by_id(call_id)
        if call is None:
            return lambda: None
        before, mine = call.forwarder, [leg for leg in call.legs.values() if leg.exten == extension and not leg.gone]
        for leg in mine:
            leg.transferred, call.forwarder = True, leg

        def stays() -> None:
            call.forwarder = before
            for leg in mine:
                leg.transferred = False

        return stays

    def asks(self, call_id: str, extension: str) -> Callable[[], None]:
        """Be told that this extension is about to let the other wait and ask somebody else; returns what undoes it."""
        call = self._calls.by_id(call_id)
        legs = () if call is None else tuple(call.legs.values())
        mine = [leg for leg in legs if leg.exten == extension and leg.up and self._bridges.partners(leg)]
        for leg in mine:
            leg.asks_while = self._bridges.partners(leg)[0]

        def stays() -> None:
            for leg in mine:
                leg.asks_while = None

        return stays


def reach_of(call: LiveCall, extension: str, bridges: Bridges) -> Reach:
    """Look them up."""
    mine = [leg for leg in call.legs.values() if leg.exten == extension and not leg.gone]
    talking = next((leg for leg in mine if leg.up and leg.bridge is not None), None)
    partners = [] if talking is None else bridges.partners(talking)
    asked = None if talking is None or talking.waiting is None else bridges.way_out(talking)
    caller = next((leg.by for leg in mine if leg.dialled and not leg.up), None)
    parked = next((leg for leg in call.legs.values() if leg.parked_at and leg.parker == extension), None)
    return Reach(
        mine=tuple(leg.channel for leg in mine),
        talking=_channel(talking),
        device=next((device(leg.channel) for leg in [talking, *mine] if leg is not None), None),
        partner=partners[0].channel if len(partners) == 1 else None,
        of_the_house=len(partners) == 1 and partners[0].exten is not None,
        caller=_channel(caller),
        asked=_channel(asked),
        room=None if talking is None else bridges.room_of(talking),
        space=None if parked is None else parked.parked_at,
    )


def _channel(leg: LiveLeg | None) -> str | None:
    return None if leg is None or leg.gone else leg.channel
