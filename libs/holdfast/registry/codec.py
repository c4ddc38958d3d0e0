"""Records as the JSON that a KV entry holds. The kind is in the key, so that values stay plain."""

import msgspec

from holdfast.registry.kv_keys import KvKeyError, identity_of, parse_key
from holdfast.registry.records import Account, ApiKey, Kind, Portfolio, Record, RuleSet, Tenant, Watch

_ENCODER = msgspec.json.Encoder()
_DECODERS: dict[Kind, msgspec.json.Decoder[Record]] = {
    "tenant": msgspec.json.Decoder(Tenant),
    "key": msgspec.json.Decoder(ApiKey),
    "portfolio": msgspec.json.Decoder(Portfolio),
    "account": msgspec.json.Decoder(Account),
    "watch": msgspec.json.Decoder(Watch),
    "rules": msgspec.json.Decoder(RuleSet),
}


class MalformedRecordError(ValueError):
    """A KV entry that is no record, as one written by hand may be."""


def encode(record: Record) -> bytes:
    return _ENCODER.encode(record)


def decode(key: str, value: bytes) -> Record:
    """Raises MalformedRecordError, also for a record under a key that is not its own."""
    try:
        kind, identity = parse_key(key)
        record = _DECODERS[kind].decode(value)
    except (KvKeyError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedRecordError(f"{key[:200]}: {error}") from error
    if identity_of(record) != identity:
        raise MalformedRecordError(f"{key[:200]}: holds the record of {identity_of(record)}")
    return record
