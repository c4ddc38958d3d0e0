"""The AsyncAPI 3.0 document of everything that Holdfast publishes, from the catalog and the Structs.

Committed as docs/asyncapi.json; `python -m holdfast.events.schemas` writes it.
Source: AsyncAPI specification 3.0.0.
"""

import inspect
import json
from typing import Any

from holdfast.events.catalog import CATALOG, EventType, JobType
from holdfast.events.examples import load_examples
from holdfast.events.schemas.generating import to_components

_PARAMETERS = {
    "tenant": "Who the data belongs to; `public` where it is nobody's own",
    "provider": "The upstream system, as `okx`",
    "lane": "`now`, `due` or `backfill`",
    "feed": "What is fetched, as `balances`",
}


def to_text() -> str:
    return json.dumps(to_document(), indent=2, ensure_ascii=False) + "\n"


def to_document() -> dict[str, Any]:
    _, schemas = to_components(CATALOG, ref_template="#/components/schemas/{name}")
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Holdfast events",
            "version": "1",
            "description": (
                "What crosses NATS JetStream. Amounts are decimal strings, times are UTC, and ids are deterministic: "
                "the same event published again has the same id. Headers follow CloudEvents 1.0."
            ),
        },
        "defaultContentType": "application/json",
        "servers": {"nats": {"host": "localhost:4222", "protocol": "nats", "description": "NATS with JetStream"}},
        "channels": {kind.name: _channel(kind) for kind in CATALOG},
        "operations": {operation: body for kind in CATALOG for operation, body in _operations(kind)},
        "components": {
            "messages": {kind.struct.__name__: _message(kind) for kind in CATALOG},
            "schemas": {"Headers": _headers(), **schemas},
        },
    }


def _channel(kind: EventType) -> dict[str, Any]:
    tokens = ("lane", "provider", "feed") if isinstance(kind, JobType) else ("tenant", *kind.tail)
    head = kind.family if isinstance(kind, JobType) else kind.name
    name = kind.struct.__name__
    return {
        "address": ".".join((head, *(f"{{{token}}}" for token in tokens))),
        "description": f"Stream {kind.stream}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "parameters": {token: {"description": _PARAMETERS[token]} for token in tokens},
    }


def _operations(kind: EventType) -> list[tuple[str, dict[str, Any]]]:
    """What Holdfast itself does: a subscriber receives what is sent here."""
    sides = [("send", kind.producer)] + [("receive", consumer) for consumer in kind.consumers]
    return [
        (
            f"{side}.{kind.name}" if side == "send" else f"{side}.{kind.name}.{who}",
            {
                "action": side,
                "channel": {"$ref": f"#/channels/{kind.name}"},
                "messages": [{"$ref": f"#/channels/{kind.name}/messages/{kind.struct.__name__}"}],
                "summary": f"By {who}.",
            },
        )
        for side, who in sides
    ]


def _message(kind: EventType) -> dict[str, Any]:
    name = kind.struct.__name__
    return {
        "name": kind.name,
        "title": name,
        "summary": (inspect.getdoc(kind.struct) or "").partition("\n")[0],
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/Headers"},
        "payload": {"$ref": f"#/components/schemas/{name}"},
        "examples": [
            {"name": title, "payload": json.loads(data)}
            for title, data in load_examples(kind.name).items()
            if title == "ordinary"
        ],
    }


def _headers() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "title": "Headers",
        "description": "CloudEvents 1.0, the id that JetStream deduplicates by, and the account where there is one.",
        "type": "object",
        "properties": {
            "Nats-Msg-Id": {"type": "string", "description": "`ce-id`; of what was fetched, `ce-id.fetched_at in ms`"},
            "ce-specversion": {"const": "1.0"},
            "ce-id": text,
            "ce-type": {"type": "string", "description": "`holdfast.` and the channel's name"},
            "ce-source": text,
            "ce-time": {"type": "string", "format": "date-time"},
            "ce-datacontenttype": {"const": "application/json"},
            "Holdfast-Account": {"type": "string", "description": "The canonical account id, to filter by undecoded"},
        },
        "required": ["Nats-Msg-Id", "ce-specversion", "ce-id", "ce-type", "ce-source", "ce-time"],
    }
