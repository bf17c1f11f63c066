"""Which channels somebody reaches in a call: the only channels that are ever named to Asterisk. Pure."""

from msgspec import Struct

from ami_bridge.calls.call import LiveCall


class Reach(Struct, frozen=True, kw_only=True):
    """The channels of one call, seen from one extension."""

    mine: tuple[str, ...]
    """Those of the extension's own telephones."""


def reach_of(call: LiveCall, extension: str) -> Reach:
    """Look up the channels as they are now."""
    mine = tuple(leg.channel for leg in call.legs.values() if leg.exten == extension and leg.gone_at is None)
    return Reach(mine=mine)
