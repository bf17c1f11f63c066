"""What people and auditors are told of what is stored. Pure."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

ForWhom = Literal["self", "department", "everybody", "auditor", "plant", "moderators", "nobody"]


class Looked(Struct, frozen=True, kw_only=True):
    """Somebody looked at something of others, handed it out or erased it."""

    id: str
    at: datetime
    who: str
    """A login; for what was done on the server itself, the account there."""
    did: str
    """`read`, `follow`, `listen`, `export`, `erase` or `revoke`."""
    whose: str
    """A department, a login, `audit`, `tokens`, or `conference` and its number."""
    how: str
    """`rest`, `websocket` or `control`."""


class Kind(Struct, frozen=True, kw_only=True):
    """One kind of thing that is stored about somebody."""

    what: str
    count: int
    kept_days: int | None
    """For how long; null: as long as there is a reason, which docs/howto/see-what-is-stored tells."""
    for_whom: ForWhom
    """Who can see it besides the administrator of the server."""


class Held(Struct, frozen=True, kw_only=True):
    """How long the rows of a table are kept, and for whom they are."""

    kept_days: int | None = None
    for_whom: ForWhom = "self"
