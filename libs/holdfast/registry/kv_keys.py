"""KV keys of records: `<kind>.<identity, escaped>`, reversible.

    account.acme.eip155=3A1=3A0x742d35cc6634c0532925a3b844bc9e7595f0beb5

A KV key is a NATS subject, so `:`, `*`, `>` and spaces cannot stand in it. Every UTF-8 byte but
ASCII letters, digits, `-` and `_` is written `=XX`; an empty part is a lone `=`. There is exactly
one spelling of each identity: a key in any other spelling is refused, so that no record can be there twice.
"""

import re
from typing import get_args

from holdfast.registry.records import Account, ApiKey, Kind, Portfolio, Record, RuleSet, Tenant, Watch

KINDS: tuple[Kind, ...] = get_args(Kind)
_LENGTHS: dict[Kind, int] = {"tenant": 1, "key": 1, "portfolio": 2, "account": 2, "watch": 5, "rules": 2}
_PLAIN = re.compile(rb"[A-Za-z0-9_-]")
_ESCAPE = re.compile(rb"=([0-9A-F]{2})")


class KvKeyError(ValueError):
    """The key is not one that this module writes."""


def kind_of(record: Record) -> Kind:
    match record:
        case Tenant():
            return "tenant"
        case ApiKey():
            return "key"
        case Portfolio():
            return "portfolio"
        case Account():
            return "account"
        case Watch():
            return "watch"
        case RuleSet():
            return "rules"


def identity_of(record: Record) -> tuple[str, ...]:
    """What makes a record that one: the key of its mapping in RegistryState, as a tuple."""
    match record:
        case Tenant() | ApiKey():
            return (record.id,)
        case Portfolio() | Account():
            return (record.tenant, record.id)
        case Watch():
            return (record.tenant, record.provider, record.feed, record.target, record.scope)
        case RuleSet():
            return (record.tenant, str(record.number))


def in_mapping(identity: tuple[str, ...]) -> str | tuple[str, ...]:
    """An identity as RegistryState keys it: a lone id without its tuple."""
    return identity[0] if len(identity) == 1 else identity


def key_of(record: Record) -> str:
    return to_key(kind_of(record), identity_of(record))


def to_key(kind: str, identity: tuple[str, ...]) -> str:
    """The KV key of a kind and identity. Also for what else is kept in KV, as the scheduler's cursors."""
    return ".".join((kind, *(escaped(part) for part in identity)))


def parse_key(key: str) -> tuple[Kind, tuple[str, ...]]:
    """Kind and identity of a registry key. Raises KvKeyError for anything that `key_of` would not write."""
    kind, *parts = key.split(".")
    if kind not in KINDS:
        raise KvKeyError(f"key {key[:120]!r}: its kind is none of {', '.join(KINDS)}")
    if len(parts) != _LENGTHS[kind]:
        raise KvKeyError(f"key {key[:120]!r}: a {kind} has {_LENGTHS[kind]} parts")
    return kind, tuple(unescaped(part) for part in parts)


def escaped(text: str) -> str:
    """One token of a key."""
    if not text:
        return "="
    return "".join(chr(byte) if _PLAIN.match(bytes((byte,))) else f"={byte:02X}" for byte in text.encode())


def unescaped(part: str) -> str:
    """The inverse of `escaped`. Raises KvKeyError for one that `escaped` would spell otherwise."""
    if part == "=":
        return ""
    try:
        text = _ESCAPE.sub(lambda match: bytes((int(match[1], 16),)), part.encode()).decode()
    except UnicodeError as error:
        raise KvKeyError(f"key part {part[:120]!r} is not UTF-8") from error
    if escaped(text) != part:
        raise KvKeyError(f"key part {part[:120]!r} is not in its canonical spelling {escaped(text)!r}")
    return text
