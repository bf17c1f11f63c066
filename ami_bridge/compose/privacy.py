"""What is stored about people, and the audit log."""

from dataclasses import dataclass
from math import ceil

from ami_bridge.compose.base import AddRoutes, Base
from ami_bridge.compose.calls import CallParts
from ami_bridge.compose.contacts import ContactParts
from ami_bridge.compose.people import PeopleParts
from ami_bridge.people.access import TOKEN_HOLDS
from ami_bridge.people.seats import SITS
from ami_bridge.privacy.audit import KEPT, Audit
from ami_bridge.privacy.control import PrivacyDesk
from ami_bridge.privacy.model import Held
from ami_bridge.privacy.routes import PrivacyRoutes
from ami_bridge.privacy.store import AuditStore, PersonalStore
from ami_bridge.privacy.stored import Files, Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyParts:
    """What others need of it."""

    files: dict[str, Files]
    """By name, what is kept besides the database; others add to it."""
    routes: list[AddRoutes]
    control: list[AddRoutes]


def audit(base: Base) -> Audit:
    """Make the audit log, which others write to."""
    return Audit(store=AuditStore(base.db), people=base.people, now=base.now)


def privacy(base: Base, audit: Audit, people: PeopleParts, calls: CallParts, contacts: ContactParts) -> PrivacyParts:
    """Make it."""

    async def forget(login: str) -> None:
        """End what this person has in memory, with its rows."""
        await calls.journal.desk.forget(login)
        await people.access.forget({login})
        await contacts.forget({login})
        await people.seats.leave(login)
        for forgets in base.erasing:
            await forgets({login})
        base.hub.close(login=login, code=4010, reason="rights changed")

    stored = Stored(
        store=PersonalStore(base.db),
        calls=calls.journal.desk,
        audit=audit,
        held={
            "people": Held(for_whom="everybody"),
            "tokens": Held(kept_days=TOKEN_HOLDS.days),
            "sessions": Held(kept_days=ceil(base.config.web.session_hours / 24)),
            "accounts": Held(for_whom="nobody"),
            "keys": Held(kept_days=1, for_whom="nobody"),
            "dialled": Held(kept_days=1, for_whom="nobody"),
            "seatings": Held(kept_days=ceil(SITS.total_seconds() / 86_400)),
            "attempts": Held(kept_days=base.config.alarms.log_keep_days, for_whom="plant"),
            "alarm_test_people": Held(kept_days=base.config.alarms.log_keep_days, for_whom="plant"),
            "recordings": Held(kept_days=base.config.rooms.recordings_days, for_whom="moderators"),
            "audit": Held(kept_days=KEPT.days, for_whom="auditor"),
        },
        forget=forget,
    )
    return PrivacyParts(
        files=stored.files,
        routes=[PrivacyRoutes(guard=people.access, stored=stored, audit=audit).add_to],
        control=[PrivacyDesk(stored=stored, audit=audit).add_to],
    )
