"""What staff do is written down; admins may read it."""

import sqlalchemy as sa
from alembic import op

from shopkit.audit_table import create_audit_table
from shopkit.tables import Json, Str

revision = "0005"
down_revision = "0004"

roles = sa.table("roles", sa.column("name", Str), sa.column("scopes", Json))


def upgrade() -> None:
    create_audit_table(op)
    of_admin = roles.c.name == "admin"
    scopes = op.get_bind().execute(sa.select(roles.c.scopes).where(of_admin)).scalar_one()
    wider = sorted({*scopes, "audit:read"})
    op.execute(sa.update(roles).where(of_admin).values(scopes=wider))
