"""Splitting and joining are inverse, whatever the lines, the limit and the order of arrival."""

import random
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.balances import Balance
from holdfast.events import BalancesObserved, ResponseRecorded
from holdfast.events.codec import decode, encode
from holdfast.events.splitting import (
    IncompleteError,
    UnsplittableError,
    join_balances,
    join_response,
    split_balances,
    split_response,
)
from tests.messaging.samples import AT, a_snapshot

LIMIT = 4096

LINES = st.builds(
    Balance,
    asset=st.one_of(st.none(), st.just("iso4217:USD")),
    kind=st.sampled_from(["wallet", "borrowed", "other"]),
    amount=st.one_of(
        st.none(), st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=0, max_value=9)
    ),
    name=st.text(max_size=60),
    symbol=st.text(max_size=10),
)


def a_response(body: bytes) -> ResponseRecorded:
    return ResponseRecorded(
        id="a" * 32,
        tenant="t",
        provider="acme",
        job_id="b" * 32,
        sha256="c" * 64,
        received_at=AT,
        method="GET",
        url="https://example.org/",
        status=200,
        size_bytes=len(body),
        body=body,
    )


@given(lines=st.lists(LINES, max_size=25), limit=st.integers(1200, 6000), seed=st.randoms())
def test_joining_the_parts_in_any_order_and_repeated_gives_the_snapshot_back(
    lines: list[Balance], limit: int, seed: random.Random
) -> None:
    whole = a_snapshot(1, balances=tuple(lines))
    parts = split_balances(whole, limit)
    assert all(len(encode(part)) <= limit for part in parts)
    arrived = [
        decode(encode(part), BalancesObserved) for part in parts + seed.sample(parts, k=seed.randint(0, len(parts)))
    ]
    seed.shuffle(arrived)
    assert join_balances(arrived) == whole


@given(lines=st.lists(LINES, min_size=10, max_size=25))
def test_parts_number_their_lines_without_gap_or_overlap_under_ids_that_repeat(lines: list[Balance]) -> None:
    whole = a_snapshot(1, balances=tuple(lines))
    parts = split_balances(whole, 1200)
    offset = 0
    for number, part in enumerate(parts, start=1):
        assert (part.part, part.parts, part.offset, part.lines) == (number, len(parts), offset, len(lines))
        offset += len(part.balances)
    assert offset == len(lines)
    assert len({part.id for part in parts}) == len(parts)
    assert [part.id for part in split_balances(whole, 1200)] == [part.id for part in parts]


@given(body=st.binary(max_size=30_000), limit=st.integers(1500, 9000), seed=st.randoms())
def test_a_response_comes_together_again_byte_for_byte(body: bytes, limit: int, seed: random.Random) -> None:
    whole = a_response(body)
    parts = split_response(whole, limit)
    assert all(len(encode(part)) <= limit for part in parts)
    arrived = [decode(encode(part), ResponseRecorded) for part in parts]
    seed.shuffle(arrived)
    assert join_response(arrived, id=whole.id) == whole


def test_a_snapshot_that_fits_is_one_message_under_the_snapshots_own_id() -> None:
    whole = a_snapshot(1)
    assert split_balances(whole, LIMIT) == [whole]


def test_a_missing_part_means_no_snapshot() -> None:
    parts = split_balances(many_lines(), LIMIT)
    assert len(parts) > 2
    with pytest.raises(IncompleteError, match=rf"{len(parts) - 1} of {len(parts)} parts"):
        join_balances(parts[:1] + parts[2:])


def test_parts_of_two_snapshots_are_never_joined() -> None:
    first = split_balances(many_lines(), LIMIT)
    other = msgspec.structs.replace(first[1], snapshot_id="f" * 32)
    with pytest.raises(IncompleteError, match="2 different messages"):
        join_balances([first[0], other])


def test_a_single_line_over_the_limit_is_refused_not_dropped() -> None:
    line = Balance(asset=None, kind="other", amount=None, name="x" * LIMIT)
    with pytest.raises(UnsplittableError, match="one line"):
        split_balances(a_snapshot(1, balances=(line,)), LIMIT)


def test_a_snapshot_whose_frame_alone_is_over_the_limit_is_refused_not_lost() -> None:
    covers = tuple(f"eip155:1/erc20:0x{n:040x}" for n in range(200))
    without_lines = msgspec.structs.replace(a_snapshot(1, balances=()), covers=covers)
    with pytest.raises(UnsplittableError, match="without any line"):
        split_balances(without_lines, LIMIT)


def many_lines() -> BalancesObserved:
    lines = tuple(Balance(asset=f"acme:{n}", kind="wallet", amount=Decimal(n)) for n in range(200))
    return a_snapshot(1, balances=lines)
