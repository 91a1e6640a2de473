"""What the reconciler has done, for its command."""

from shopkit.schemas import Id, Output, Timestamp


class FindingOut(Output):
    kind: str
    subject: str
    order_id: Id | None
    detail: str


class ReconciliationOut(Output):
    started_at: Timestamp
    finished_at: Timestamp | None
    compared: dict[str, int]
    mended: dict[str, int]
    reported: dict[str, int]
    closed: int
    incomplete: dict[str, str]
    findings: list[FindingOut]
