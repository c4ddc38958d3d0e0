"""A key of a bucket: how it is read alone; `bucket.py` follows and writes."""

from msgspec import Struct
from nats.js import JetStreamContext
from nats.js.errors import KeyNotFoundError
from nats.js.kv import KeyValue


class Entry(Struct, frozen=True, kw_only=True):
    """A key at one revision. `value` is None when the key was deleted."""

    key: str
    value: bytes | None
    revision: int


class ConflictError(Exception):
    """Somebody else changed the key in between: read it again, decide again."""


async def bucket(js: JetStreamContext, name: str) -> KeyValue:
    """The bucket, which `holdfast migrate` has made."""
    return await js.key_value(name)


async def read(kv: KeyValue, key: str) -> Entry | None:
    """The newest value of a key; None where there is none."""
    try:
        found = await kv.get(key)
    except KeyNotFoundError:
        return None
    return Entry(key=key, value=found.value or b"", revision=found.revision or 0)
