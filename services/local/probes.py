"""Whether a child can be relied on: asked over its own port."""

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any

from services.local.processes import Probe


def http(url: str) -> Probe:
    """Ready when the address answers with a success."""

    async def ready() -> bool:
        return await asyncio.to_thread(_answers, url)

    return ready


async def get_json(url: str, headers: dict[str, str] | None = None) -> Any:
    """The decoded answer; raises OSError for no answer or a failure status."""
    return await asyncio.to_thread(_get_json, url, headers or {})


async def post_json(url: str, body: bytes, headers: dict[str, str]) -> Any:
    """The decoded answer to these bytes, which a header may sign; raises OSError as `get_json` does."""
    return await asyncio.to_thread(_get_json, url, {"Content-Type": "application/json", **headers}, body)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310
            return bool(200 <= answer.status < 300)
    except (OSError, urllib.error.URLError, ValueError):
        return False


def _get_json(url: str, headers: dict[str, str], body: bytes | None = None) -> Any:
    request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return json.load(answer)
