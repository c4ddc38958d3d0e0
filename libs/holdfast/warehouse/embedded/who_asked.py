"""How a statement finds itself in system.query_log and in system.processes."""

import json
import uuid


def to_comment(**who: str) -> str:
    """A `log_comment` like no other, even for a client that asks again under the same `query_id`."""
    return json.dumps({**who, "own_id": uuid.uuid4().hex})


def to_log_settings(comment: str) -> dict[str, str]:
    return {"log_queries": "1", "log_comment": comment}
