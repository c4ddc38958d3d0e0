"""The raw bodies that snapshots were read from."""

from holdfast.events.event import AwareTime, Event, Id, Name


class ResponseRecorded(Event, frozen=True, kw_only=True):
    """One response body, zlib-compressed, or one numbered part of it. Secrets are not in the request line kept."""

    provider: Name
    job_id: Id
    sha256: str
    """Of the whole, uncompressed body; 64 hex digits."""
    received_at: AwareTime
    method: str
    url: str
    """Without its query's secrets."""
    status: int
    content_type: str = ""
    size_bytes: int
    started_at: AwareTime | None = None
    """Of the attempt that heard it, as `FetchFinished` has it."""
    place: int = 0
    """Which answer of that attempt it was, from 0."""
    sent_at: AwareTime | None = None
    request_sha256: str = ""
    """Hash of what was asked; the request itself is not kept."""
    part: int = 1
    parts: int = 1
    body: bytes
    """zlib; base64 on the wire."""
