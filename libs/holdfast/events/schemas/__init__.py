"""JSON Schema of every event, one file per version: `<family>.v<version>.json`.

Generated from the Structs by `python -m holdfast.events.schemas`, and committed: a subscriber in
any language can read them, and a test fails when they are stale.
"""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def load_schema(name: str) -> dict[str, Any]:
    """The committed schema of an event, by its catalog name as `balances.observed.v1`."""
    schema: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return schema
