"""OKX's request signature: base64(HMAC-SHA256(secret, timestamp + METHOD + path with query + body)).

The timestamp is the header's, byte for byte; the path starts at `/` and carries the query exactly as sent;
the body is the raw bytes sent.
Source: OKX OnchainOS documentation, "REST authentication".
"""

import base64
import hashlib
import hmac
from datetime import UTC, datetime


def sign(secret_key: str, *, timestamp: str, method: str, path: str, body: bytes = b"") -> str:
    """The value of OK-ACCESS-SIGN."""
    message = f"{timestamp}{method.upper()}{path}".encode() + body
    return base64.b64encode(hmac.digest(secret_key.encode(), message, hashlib.sha256)).decode()


def to_timestamp(at: datetime) -> str:
    """The value of OK-ACCESS-TIMESTAMP: UTC with milliseconds and Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
