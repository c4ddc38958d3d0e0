"""`python -m holdfast.events.schemas`: write the schemas, and docs/asyncapi.json in a checkout.

A change that breaks a published schema is not written: it needs a new version in the catalog.
"""

import json
import sys
from pathlib import Path

from holdfast.events import asyncapi
from holdfast.events.catalog import CATALOG
from holdfast.events.schemas import FOLDER, load_schema
from holdfast.events.schemas.generating import breaking_changes, to_schema

_DOCUMENT = Path(__file__).resolve().parents[4] / "docs" / "asyncapi.json"


def main() -> None:
    broken = []
    for kind in CATALOG:
        path, schema = FOLDER / f"{kind.name}.json", to_schema(kind)
        if path.exists() and (breaks := breaking_changes(load_schema(kind.name), schema)):
            broken += [f"{kind.name} {one}" for one in breaks]
            continue
        path.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if _DOCUMENT.parent.is_dir():
        _DOCUMENT.write_text(asyncapi.to_text(), encoding="utf-8")
    if broken:
        sys.exit("\n".join([*broken, "These break a published contract: raise the version in events/catalog.py"]))


if __name__ == "__main__":
    main()
