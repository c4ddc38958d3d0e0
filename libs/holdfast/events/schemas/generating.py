"""From Structs to JSON Schema, and what a change of one breaks."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from holdfast.events.catalog import EventType

DECIMAL = r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
"""How a number is written. Tighter than what decodes, so that no "NaN" passes for a contract."""
_SAID_ELSEWHERE = ("title", "description", "default", "$schema", "$id", "$defs", "$ref")

Schema = dict[str, Any]


def to_schema(kind: EventType) -> Schema:
    """The schema of one event, complete in itself."""
    [root], components = to_components([kind])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.name,
        **{key: value for key, value in components.pop(root).items() if key != "title"},
        "$defs": components,
    }


def to_components(
    kinds: Sequence[EventType], ref_template: str = "#/$defs/{name}"
) -> tuple[list[str], dict[str, Schema]]:
    """The names of the events' schemas, and all schemas by name."""
    structs = [kind.struct for kind in kinds]
    _, components = msgspec.json.schema_components(structs, ref_template=ref_template)
    return [struct.__name__ for struct in structs], {name: _tightened(one) for name, one in components.items()}


def _tightened(node: Any) -> Any:
    """As it reads back from JSON; numbers get their pattern, docstrings lose their indentation."""
    if isinstance(node, list | tuple):
        return [_tightened(one) for one in node]
    if not isinstance(node, dict):
        return node
    tight = {key: _tightened(value) for key, value in node.items()}
    if tight.get("format") == "decimal":
        tight["pattern"] = DECIMAL
    if isinstance(text := tight.get("description"), str):
        tight["description"] = "\n".join(line.strip() for line in text.splitlines())
    return tight


def breaking_changes(published: Schema, changed: Schema) -> list[str]:
    """What of a published schema a reader or writer could no longer rely on; empty if only optional fields came in."""
    return list(_breaks(published, changed, published, changed, "$"))


def _breaks(old: Schema, new: Schema, old_root: Schema, new_root: Schema, at: str) -> Iterator[str]:
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    for key in sorted((old.keys() | new.keys()) - {"properties", "required", "items", "anyOf", *_SAID_ELSEWHERE}):
        if old.get(key) != new.get(key):
            yield f"{at}: {key} was {old.get(key)!r} and is {new.get(key)!r}"
    if set(old.get("required", ())) != set(new.get("required", ())):
        yield f"{at}: required was {sorted(old.get('required', ()))} and is {sorted(new.get('required', ()))}"
    yield from _property_breaks(old, new, old_root, new_root, at)
    if ("items" in old) != ("items" in new):
        yield f"{at}: is a list in only one of them"
    elif "items" in old:
        yield from _breaks(old["items"], new["items"], old_root, new_root, f"{at}[]")
    yield from _choice_breaks(old.get("anyOf", ()), new.get("anyOf", ()), (old_root, new_root), at)


def _property_breaks(old: Schema, new: Schema, old_root: Schema, new_root: Schema, at: str) -> Iterator[str]:
    for name, schema in old.get("properties", {}).items():
        if name not in new.get("properties", {}):
            yield f"{at}.{name}: is gone"
        else:
            yield from _breaks(schema, new["properties"][name], old_root, new_root, f"{at}.{name}")


def _choice_breaks(
    old: Iterable[Schema], new: Iterable[Schema], roots: tuple[Schema, Schema], at: str
) -> Iterator[str]:
    olds, news = list(old), list(new)
    if len(olds) != len(news):
        yield f"{at}: had {len(olds)} choices and has {len(news)}"
        return
    for before, after in zip(olds, news, strict=True):
        yield from _breaks(before, after, *roots, at)


def _resolved(schema: Schema, root: Schema) -> Schema:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    resolved: Schema = root["$defs"][str(reference).rpartition("/")[2]]
    return resolved
