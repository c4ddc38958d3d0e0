"""What was asked, as a hash: so that a kept answer can be found again for the same question.

Bodies of requests are not stored, because some upstream may want a secret there. Their hash tells two questions
apart and says nothing else; secrets that are known are struck out before it is taken, so that it outlives a new key.
The host is left out: an upstream that moved is still the same upstream.
"""

import hashlib
from urllib.parse import urlsplit

from holdfast.observability.logs import redacted


def fingerprint(method: str, url: str, body: bytes) -> str:
    """64 hex digits of method, path, query and body."""
    parts = urlsplit(redacted(url))
    asked = f"{method}\n{parts.path}?{parts.query}\n".encode()
    return hashlib.sha256(asked + redacted(body.decode("latin-1")).encode("latin-1")).hexdigest()
