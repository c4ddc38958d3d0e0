"""What is to be fetched: the identity of a fetch job."""

import hashlib
from datetime import datetime
from typing import Literal

from holdfast.domain.time import to_ms

Lane = Literal["now", "due", "backfill"]
LANES: tuple[Lane, ...] = ("now", "due", "backfill")
"""In the order in which a worker takes them."""

Feed = str
"""`balances`, `prices`, `token_clusters` …: an open set, one module of a provider's folder each."""


def job_id(*, tenant: str, provider: str, feed: Feed, target: str, scope: str, slot: datetime) -> str:
    """32 hex digits: the same work in the same slot is the same job, whoever asks."""
    text = "\n".join((tenant, provider, feed, target, scope, to_ms(slot).isoformat()))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
