"""Call control."""

from dataclasses import dataclass

from ami_bridge.asterisk.steer import Steer
from ami_bridge.calls.control import Control
from ami_bridge.calls.device_routes import OPERATIONS as DEVICES
from ami_bridge.calls.dial_routes import OPERATIONS as DIAL
from ami_bridge.calls.keys import Keys
from ami_bridge.calls.routes import OPERATIONS as CALLS
from ami_bridge.calls.verbs import OPERATIONS as VERBS
from ami_bridge.calls.verbs import CallVerbs
from ami_bridge.compose.base import AddRoutes, Base
from ami_bridge.compose.calls import CallParts
from ami_bridge.compose.dial import DialParts
from ami_bridge.compose.rooms import RoomParts
from ami_bridge.drivers.driver import Drivers
from ami_bridge.web.identity import Guard
from ami_bridge.web.ops import Op

OPERATIONS = (*CALLS, *DIAL, *VERBS, *DEVICES)
"""All that can be asked about calls over HTTP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlParts:
    """What others need of it."""

    ops: dict[str, Op]
    routes: list[AddRoutes]
    keys: Keys
    """What telephones tell by keys; runs as long as the daemon."""


def control(
    base: Base, guard: Guard, calls: CallParts, dial: DialParts, rooms: RoomParts | None, drivers: Drivers
) -> ControlParts:
    """Make it."""
    steered = Control(
        grip=calls.board.grip,
        desk=calls.desk,
        telephones=Steer(base.link, new_id=base.new_id),
        targets=dial.targets,
        devices=calls.devices,
        drivers=drivers,
        once=dial.once,
        rooms=None if rooms is None else rooms.adhoc,
        look_again=calls.look_again,
        new_id=base.new_id,
    )
    keys = Keys(grip=calls.board.grip, people=base.people, control=steered)
    if rooms is not None:
        rooms.pressed.append(keys.pressed)
    verbs = CallVerbs(guard=guard, control=steered)
    return ControlParts(ops=verbs.ops(), routes=[verbs.add_to], keys=keys)
