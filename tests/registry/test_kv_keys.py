"""KV keys: reversible, legal, and one spelling each."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.registry.kv_keys import KvKeyError, escaped, parse_key, to_key, unescaped
from tests.registry.catalogue import WALLET

_LEGAL = re.compile(r"[-/_=.a-zA-Z0-9]+")
"""What the NATS client accepts as a key."""


def test_an_account_key_reads_as_documented() -> None:
    key = to_key("account", ("acme", WALLET))
    assert key == "account.acme.eip155=3A1=3A0x742d35cc6634c0532925a3b844bc9e7595f0beb5"
    assert parse_key(key) == ("account", ("acme", WALLET))


@given(st.tuples(*(st.text(),) * 5))
def test_every_identity_comes_back_from_its_key(identity: tuple[str, ...]) -> None:
    key = to_key("watch", identity)
    assert _LEGAL.fullmatch(key)
    assert not key.endswith(".")
    assert parse_key(key) == ("watch", identity)


@given(st.text(), st.text())
def test_different_texts_have_different_tokens(a: str, b: str) -> None:
    assert (escaped(a) == escaped(b)) == (a == b)


@pytest.mark.parametrize(
    "key",
    [
        "portfolio.acme",
        "tenant.acme.x",
        "house.acme",
        "tenant.a=3a",
        "tenant.=41",
        "tenant.=FF",
        "tenant.",
        "tenant",
        "",
        "tenant.a=",
    ],
)
def test_a_key_in_no_canonical_spelling_is_refused(key: str) -> None:
    with pytest.raises(KvKeyError):
        parse_key(key)


@given(st.from_regex(r"[-_=a-zA-Z0-9]{1,12}", fullmatch=True))
def test_a_token_is_either_canonical_or_refused(token: str) -> None:
    try:
        text = unescaped(token)
    except KvKeyError:
        return
    assert escaped(text) == token
