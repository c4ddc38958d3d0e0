"""JSON from strangers is exact, bounded, or refused."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.providers.kit.strict_json import JsonLimits, MalformedJsonError, decode


def test_numbers_are_never_floats() -> None:
    assert decode(b'{"a": 123456789012345678901.123456789012345678, "b": 10}') == {
        "a": Decimal("123456789012345678901.123456789012345678"),
        "b": 10,
    }
    assert isinstance(decode(b"1.0"), Decimal)
    assert isinstance(decode(b"1e3"), Decimal)


def test_a_uint256_fits() -> None:
    assert decode(str(2**256 - 1).encode()) == 2**256 - 1


@pytest.mark.parametrize(
    "body",
    [
        b"NaN",
        b"[-Infinity]",
        b"1e400",
        b"1e-400",
        b"9" * 5000,
        b"0." + b"1" * 5000,
        b"[" * 65 + b"]" * 65,
        b"[" * 1_000_000,
        b'{"a":' * 100_000,
        b'{"a": 1, "a": 1}',
        b'"\\ud83d"',
        b'{"\\udc00": 1}',
        b"\xff\xfe[]",
        "[]".encode("utf-16"),
        b"",
        b"[1,]",
        b'"' + b'\\"' * 100_000,
    ],
)
def test_what_cannot_be_trusted_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedJsonError):
        decode(body)


def test_brackets_in_texts_are_not_depth() -> None:
    text = '[[{"\\"[' * 100
    assert decode(json.dumps({text: text}).encode(), JsonLimits(depth=1)) == {text: text}


def test_a_whole_surrogate_pair_is_a_character() -> None:
    assert decode(b'"\\ud83d\\ude00"') == "😀"


def test_a_byte_order_mark_is_no_matter() -> None:
    assert decode(b"\xef\xbb\xbf[]") == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**60), 10**60) | st.text(st.characters(codec="utf-8")),
    lambda children: st.lists(children) | st.dictionaries(st.text(st.characters(codec="utf-8")), children),
    max_leaves=8,
)


@given(json_values)
def test_what_json_can_say_is_read_as_it_was_said(value: object) -> None:
    assert decode(json.dumps(value).encode()) == value
    assert decode(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        decode(body)
    except MalformedJsonError as error:
        assert str(error)  # noqa: PT017
