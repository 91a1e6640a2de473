"""What users prefer: the language of mails, and whether they want advertising."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Flag, Instant, Str

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("users", sa.Column("locale", Str))
    op.add_column("users", sa.Column("marketing", Flag, nullable=False, server_default=sa.false()))
    op.add_column("users", sa.Column("marketing_changed_at", Instant))
