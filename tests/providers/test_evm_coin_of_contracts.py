"""What comes to a contract and leaves it again without a transaction of its own, in fetches that overlap."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.providers.evm.coin_changes import fetch_changes, looked_at
from holdfast.providers.evm.envelope import Request

CONTRACT = "0x" + "5a" * 20
HOUR, QUARTER, STRETCH = 300, 75, 32
"""Blocks of 12 seconds: of a fetch, between two of them, and between those that each of them looks at."""


class Rests:
    """A node that knows one account, which has sent nothing: what it had at each block."""

    def __init__(self, coins: Sequence[int]) -> None:
        self._coins = coins
        self.asked = 0

    async def ask_many(self, requests: Sequence[Request]) -> list[Any]:
        self.asked += len(requests)
        return [
            hex(self._coins[int(one.params[1], 16)]) if one.method == "eth_getBalance" else "0x1" for one in requests
        ]

    def settle(self, _: str, answer: Any) -> Any:
        return answer


def last_words(coins: Sequence[int], first: int) -> dict[int, int]:
    """What is told of each block in the end, by fetch after fetch of the last hour."""
    told: dict[int, int] = {}
    for until in range(first, len(coins), QUARTER):
        looks = looked_at(until - HOUR, until)
        asked = fetch_changes(Rests(coins), CONTRACT, after=looks[0], until=until, most=100, looks=looks)  # type: ignore[arg-type]
        changes = asyncio.run(asked)
        assert changes is not None
        assert changes.after < until - HOUR + STRETCH
        told = {block: delta for block, delta in told.items() if not changes.after < block <= until}
        told |= {change.number: change.delta for change in changes.found}
    return told


@given(came=st.integers(350, 700), stayed=st.integers(1, 200), first=st.integers(300, 374))
def test_it_is_told_whole_or_where_it_was_short_not_at_all(came: int, stayed: int, first: int) -> None:
    left = came + stayed
    coins = [7 + 5 * (came <= block < left) for block in range(1400)]
    whole = {came: 5, left: -5}
    told = last_words(coins, first)
    assert told in (whole, {})
    if (came - 1) // STRETCH != (left - 1) // STRETCH:
        assert told == whole


@pytest.mark.parametrize("length", [1, 2, 16, 17, 300, 1800, 14_400])
def test_a_range_is_cut_into_few_stretches_at_the_same_blocks_wherever_it_begins(length: int) -> None:
    for after in (0, 1, 31, 32, 1_000_003):
        looks = looked_at(after, after + length)
        assert 1 <= len(looks) <= 16
        assert after <= looks[0]
        assert looks[-1] < after + length
        later = looked_at(after + 1, after + 1 + length)
        assert [look for look in looks if look > after] == [look for look in later if look < after + length]


def test_a_contract_that_rests_is_asked_of_in_each_stretch() -> None:
    node = Rests([7] * 301)
    asyncio.run(fetch_changes(node, CONTRACT, after=0, until=300, most=100, looks=looked_at(0, 300)))  # type: ignore[arg-type]
    assert node.asked == 2 * (10 + 1)
