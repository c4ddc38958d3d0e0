"""API keys: made, shown once, kept as a hash, checked in constant time.

    hf_<key id>_<secret>

A dialect that signs requests (OKX) needs a secret that the server knows too. It is derived from the
deployment's master key and the key's id, so that nothing readable is stored anywhere:
HMAC-SHA256(master key, "holdfast/<dialect>/<purpose>/<key id>").
"""

import hashlib
import hmac
import re
import secrets
from base64 import b32encode
from collections.abc import Mapping

from msgspec import Struct

from holdfast.registry.records import ApiKey
from holdfast.settings import Secret

_PRESENTED = re.compile(r"hf_(?P<id>[a-z2-7]{16})_(?P<secret>[a-z2-7]{52})")
_NOBODY = hashlib.sha256(b"no such key").hexdigest()


class NewKey(Struct, frozen=True, kw_only=True):
    """What a new key consists of. `presented` is shown to its owner once and never stored."""

    id: str
    presented: Secret
    secret_sha256: str


class DialectCredentials(Struct, frozen=True, kw_only=True):
    """What a client of a signing dialect is configured with."""

    key: str
    """The key id: what it sends in the clear."""
    secret: Secret
    passphrase: Secret


def generate_key() -> NewKey:
    """80 random bits of id, 256 of secret, in lower-case base32."""
    key_id, secret = _base32(secrets.token_bytes(10)), _base32(secrets.token_bytes(32))
    return NewKey(id=key_id, presented=Secret(f"hf_{key_id}_{secret}"), secret_sha256=_hash(secret))


def authenticate(keys: Mapping[str, ApiKey], presented: str) -> ApiKey | None:
    """The live key that `presented` is, else None. Takes as long for an unknown id as for a wrong secret."""
    match = _PRESENTED.fullmatch(presented)
    key_id, secret = (match["id"], match["secret"]) if match else ("", "")
    key = keys.get(key_id)
    right = hmac.compare_digest(_hash(secret), key.secret_sha256 if key else _NOBODY)
    return key if key is not None and right and key.revoked_at is None else None


def derive_credentials(master_key: Secret, key_id: str, *, dialect: str) -> DialectCredentials:
    """The same for the same three, on every process of the deployment. Raises ValueError for a short master key."""
    if len(master_key.reveal()) < 32:
        raise ValueError("the master key must have at least 32 characters: generate one with `openssl rand -hex 32`")

    def derive(purpose: str) -> Secret:
        text = f"holdfast/{dialect}/{purpose}/{key_id}"
        return Secret(_base32(hmac.digest(master_key.reveal().encode(), text.encode(), "sha256")))

    return DialectCredentials(key=key_id, secret=derive("secret"), passphrase=derive("passphrase"))


def same_secret(a: str, b: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(a.encode(), b.encode())


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _base32(data: bytes) -> str:
    return b32encode(data).decode().rstrip("=").lower()
