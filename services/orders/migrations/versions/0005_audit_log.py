"""What staff do is written down."""

from alembic import op

from shopkit.audit_table import create_audit_table

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    create_audit_table(op)
