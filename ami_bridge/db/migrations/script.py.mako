"""${message}."""

import sqlalchemy as sa
from alembic import op

from ami_bridge.db.tables import UtcTime, Words

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
