"""Administration on the page."""

from dataclasses import dataclass

from ami_bridge.admin.desk import AdminDesk
from ami_bridge.admin.routes import AdminRoutes
from ami_bridge.compose.base import AddRoutes, Base
from ami_bridge.compose.calls import CallParts
from ami_bridge.compose.contacts import ContactParts
from ami_bridge.compose.doctor import DoctorParts
from ami_bridge.compose.people import PeopleParts
from ami_bridge.people.access import TOKEN_HOLDS
from ami_bridge.privacy.audit import KEPT, Audit


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminParts:
    """What others need of it."""

    routes: list[AddRoutes]


def admin(
    base: Base, audit: Audit, people: PeopleParts, calls: CallParts, contacts: ContactParts, doctor: DoctorParts
) -> AdminParts:
    """Make it."""
    desk = AdminDesk(
        config=base.config,
        bridge=lambda: calls.desk.bridge,
        sync=contacts.sync,
        names=base.directory.__len__,
        people=base.people,
        tokens=people.access,
        audit=audit,
        kept={"audit": KEPT.days, "tokens": TOKEN_HOLDS.days},
        now=base.now,
    )
    return AdminParts(routes=[AdminRoutes(guard=people.access, desk=desk, doctor=doctor.doctor).add_to])
