"""Sessions remember with what they were begun, so that people tell them apart."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Str

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("sessions", sa.Column("user_agent", Str))
