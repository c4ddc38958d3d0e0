"""How fetches ended, what was answered, and what could not be read."""

from holdfast.warehouse.rows.row import Row


class RawResponseRow(Row, frozen=True, kw_only=True):
    sha256: str
    part: int
    parts: int
    provider: str
    tenant: str
    job_id: str
    received_at: str
    method: str
    url: str
    status: int
    content_type: str
    size_bytes: int
    started_at: str | None
    place: int
    sent_at: str | None
    request_sha256: str
    body_base64: bytes
    """zlib; base64 in JSON, decoded by the engine on its way in."""


class FetchRow(Row, frozen=True, kw_only=True):
    event_id: str
    job_id: str
    tenant: str
    provider: str
    feed: str
    target: str
    scope: str
    slot: str
    lane: str
    started_at: str
    finished_at: str
    recorded_at: str
    attempts: int
    outcome: str
    error: str = ""
    message: str = ""
    requests: int = 0
    response_bytes: int = 0
    snapshots: int = 0
    lines: int = 0
    window_start: str | None = None
    window_end: str | None = None
    window_every_s: int | None = None


class DeadLetterRow(Row, frozen=True, kw_only=True):
    dead_seq: int
    died_at: str
    stream: str
    consumer: str
    origin_seq: int
    subject: str
    reason: str
    message: str
    payload: str
