"""What is remembered of requests."""

from catalog.models.metadata import metadata
from shopkit.audit_table import new_audit_table
from shopkit.idempotency import new_key_table

idempotency_keys = new_key_table(metadata)

audit_log = new_audit_table(metadata)
