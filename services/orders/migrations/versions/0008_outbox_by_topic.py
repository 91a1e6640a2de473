"""What is due is found by its topic, however much of others waits."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.drop_index("ix_outbox_due_at", "outbox")
    op.create_index("ix_outbox_topic_due_at_id", "outbox", ["topic", "due_at", "id"])
