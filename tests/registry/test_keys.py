"""API keys and derived secrets."""

import hashlib
import hmac
from base64 import b32encode
from datetime import UTC, datetime

import pytest

from holdfast.registry.codec import encode
from holdfast.registry.keys import authenticate, derive_credentials, generate_key
from holdfast.registry.records import ApiKey
from holdfast.settings import Secret

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MASTER = Secret("0123456789abcdef0123456789abcdef")


def _stored() -> tuple[ApiKey, str]:
    new = generate_key()
    key = ApiKey(id=new.id, tenant="acme", secret_sha256=new.secret_sha256, created_at=NOW)
    return key, new.presented.reveal()


def test_the_stored_record_holds_no_secret() -> None:
    key, presented = _stored()
    prefix, key_id, secret = presented.split("_")
    assert (prefix, key_id) == ("hf", key.id)
    assert secret.encode() not in encode(key)
    assert key.secret_sha256 == hashlib.sha256(secret.encode()).hexdigest()


def test_the_right_key_and_no_other_authenticates() -> None:
    key, presented = _stored()
    other, _ = _stored()
    keys = {key.id: key, other.id: other}
    assert authenticate(keys, presented) is key
    wrong = presented[:-1] + ("a" if presented[-1] != "a" else "b")
    for text in (wrong, presented.replace(key.id, other.id), presented.upper(), presented + " ", "", "hf__", "ä" * 74):
        assert authenticate(keys, text) is None
    assert authenticate({}, presented) is None


def test_a_revoked_key_does_not_authenticate() -> None:
    key, presented = _stored()
    revoked = ApiKey(id=key.id, tenant="acme", secret_sha256=key.secret_sha256, created_at=NOW, revoked_at=NOW)
    assert authenticate({key.id: revoked}, presented) is None


def test_derived_credentials_are_as_documented() -> None:
    derived = derive_credentials(MASTER, "abc", dialect="okx")
    expected = hmac.new(MASTER.reveal().encode(), b"holdfast/okx/secret/abc", hashlib.sha256).digest()
    assert derived.key == "abc"
    assert derived.secret.reveal() == b32encode(expected).decode().rstrip("=").lower()
    assert derived.passphrase.reveal() != derived.secret.reveal()


def test_derived_credentials_differ_by_key_dialect_and_deployment() -> None:
    same = derive_credentials(MASTER, "abc", dialect="okx")
    assert derive_credentials(MASTER, "abc", dialect="okx") == same
    assert derive_credentials(MASTER, "abd", dialect="okx").secret != same.secret
    assert derive_credentials(MASTER, "abc", dialect="other").secret != same.secret
    assert derive_credentials(Secret("f" * 32), "abc", dialect="okx").secret != same.secret


def test_a_short_master_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32"):
        derive_credentials(Secret("short"), "abc", dialect="okx")
