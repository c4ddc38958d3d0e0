"""The parts of a coin's change always add up to it, whatever transactions say; and changes are found by halving."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from math import ceil, log2
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.domain.balances import Block
from holdfast.domain.transfers import CoinMovement
from holdfast.providers.evm.coin_changes import Changes, fetch_changes
from holdfast.providers.evm.coin_movements import Done, to_movements
from holdfast.providers.evm.envelope import Request
from holdfast.providers.evm.failures import RpcFailure, to_error
from holdfast.providers.evm.transactions import parse_receipt, parse_transactions
from holdfast.providers.kit.errors import ProviderUnavailableError, UnexpectedResponseError

OWNER, OTHER, CREATED = ("0x" + digits * 20 for digits in ("ab", "cd", "ef"))
BLOCK_HASH, TX = "0x" + "0b" * 32, "0x" + "0c" * 32
BLOCK = Block(chain="eip155:10", number=7, hash=BLOCK_HASH, time=datetime(2026, 3, 1, tzinfo=UTC))
WEI = st.one_of(st.just(0), st.integers(0, 10**24))
GAS = st.integers(0, 10**12)


@st.composite
def _transactions(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A transaction of the owner's as a node has it, and its receipt."""
    sender = draw(st.sampled_from([OWNER, OTHER]))
    receiver = draw(st.sampled_from([OWNER, OTHER, None])) if sender == OWNER else OWNER
    transaction = {"hash": TX, "from": sender.upper().replace("0X", "0x"), "to": receiver, "value": hex(draw(WEI))}
    receipt: dict[str, Any] = {"transactionHash": TX, "blockHash": BLOCK_HASH, "gasUsed": hex(draw(GAS))}
    receipt["contractAddress"] = CREATED if receiver is None else None
    for fields, names in (
        (transaction, ["gasPrice"]),
        (receipt, ["effectiveGasPrice", "l1Fee", "blobGasUsed", "blobGasPrice"]),
    ):
        fields |= {name: hex(draw(GAS)) for name in names if draw(st.booleans())}
    receipt |= draw(st.sampled_from([{"status": "0x1"}, {"status": "0x0"}, {}]))
    transaction |= draw(st.sampled_from([{}, {}, {"feeCurrency": OTHER}, {"feeCurrency": None}]))
    return transaction, receipt


def _done(transaction: dict[str, Any], receipt: dict[str, Any]) -> Done:
    (parsed,) = parse_transactions({"transactions": [transaction]}, OWNER)
    return Done(parsed, parse_receipt(receipt, parsed, BLOCK_HASH))


@given(told=st.lists(_transactions(), max_size=5), delta=st.integers(-(10**30), 10**30))
@settings(max_examples=100, deadline=None)
def test_parts_always_add_up_to_the_change(told: Sequence[tuple[dict[str, Any], dict[str, Any]]], delta: int) -> None:
    parts = to_movements(BLOCK, delta, [_done(*one) for one in told], OWNER)
    assert sum(_signed(part) for part in parts) == delta
    assert [part.index for part in parts] == list(range(len(parts)))
    assert all(part.amount for part in parts)
    assert sum(part.cause == "other" for part in parts) <= 1


def _signed(part: CoinMovement) -> int:
    assert part.amount is not None
    return {"in": 1, "out": -1, "self": 0}[part.direction] * int(Fraction(part.amount) * 10**18)


SENT = {"hash": TX, "from": OWNER, "to": OTHER, "value": hex(100), "gasPrice": hex(9)}
RECEIPT = {"transactionHash": TX, "blockHash": BLOCK_HASH, "status": "0x1", "gasUsed": hex(21)}


@pytest.mark.parametrize(
    ("transaction", "receipt", "fee"),
    [
        ({}, {"effectiveGasPrice": hex(3)}, 63),
        ({}, {}, 189),  # before receipts told the price, it was the one offered
        ({"gasPrice": None}, {}, 0),
        ({}, {"effectiveGasPrice": hex(3), "l1Fee": hex(1000)}, 1063),
        ({}, {"effectiveGasPrice": hex(3), "blobGasUsed": hex(10), "blobGasPrice": hex(7)}, 133),
        ({}, {"effectiveGasPrice": "0x0"}, 0),
        ({"feeCurrency": OTHER}, {"effectiveGasPrice": hex(3)}, 0),
    ],
)
def test_a_fee_is_gas_and_blobs_and_what_the_chain_below_takes(
    transaction: dict[str, Any], receipt: dict[str, Any], fee: int
) -> None:
    assert _done(SENT | transaction, RECEIPT | receipt).receipt.fee == fee


def test_a_fee_that_no_receipt_names_is_told_without_a_transaction() -> None:
    sent, fee, rest = to_movements(BLOCK, -180, [_done(SENT, RECEIPT | {"effectiveGasPrice": hex(3)})], OWNER)
    assert [(one.cause, _signed(one), one.tx_hash) for one in (sent, fee, rest)] == [
        ("transfer", -100, TX),
        ("fee", -63, TX),
        ("other", -17, ""),
    ]


def test_more_than_can_be_stored_is_unknown_with_its_reason() -> None:
    (huge,) = to_movements(BLOCK, 10**58, [], OWNER)
    assert (huge.amount, huge.reason, huge.direction) == (None, "out_of_range", "in")


@pytest.mark.parametrize(
    "block",
    [
        None,
        {},
        {"transactions": [TX]},
        {"transactions": [SENT | {"hash": "0x12"}]},
        {"transactions": [SENT | {"value": "many"}]},
        {"transactions": [SENT | {"to": "0x12"}]},
    ],
)
def test_a_block_that_does_not_list_its_transactions_is_none(block: Any) -> None:
    with pytest.raises(UnexpectedResponseError):
        parse_transactions(block, OWNER)


@pytest.mark.parametrize(
    ("receipt", "error"),
    [
        (None, ProviderUnavailableError),
        ("0x1", UnexpectedResponseError),
        (RECEIPT | {"transactionHash": BLOCK_HASH}, UnexpectedResponseError),
        (RECEIPT | {"blockHash": TX}, ProviderUnavailableError),
    ],
)
def test_a_receipt_is_that_of_its_transaction_in_its_block(receipt: Any, error: type[Exception]) -> None:
    (parsed,) = parse_transactions({"transactions": [SENT]}, OWNER)
    with pytest.raises(error):
        parse_receipt(receipt, parsed, BLOCK_HASH)


class States:
    """A node that knows one account: what it had at each block, and the state of those that it did not forget."""

    def __init__(self, states: Sequence[tuple[int, int]], gone: frozenset[int] = frozenset()) -> None:
        self._states = states
        self._gone = gone
        self.asked = 0

    async def ask_many(self, requests: Sequence[Request]) -> list[Any]:
        self.asked += len(requests)
        return [self._answer(request) for request in requests]

    def settle(self, what: str, answer: Any) -> Any:
        if isinstance(answer, RpcFailure):
            raise to_error(answer, what)
        return answer

    def _answer(self, request: Request) -> Any:
        number = int(request.params[1], 16)
        if number in self._gone:
            return RpcFailure(code=-32000, message="missing trie node 0a1b (path )")
        return hex(self._states[number][request.method == "eth_getTransactionCount"])


def _found(node: States, until: int, most: int) -> Changes | None:
    return asyncio.run(fetch_changes(node, OWNER, after=0, until=until, most=most))  # type: ignore[arg-type]


_STEPS = st.lists(st.sampled_from([(0, 0)] * 6 + [(5, 0), (-2, 1), (-5, 0), (0, 1), (1, 0)]), min_size=1, max_size=70)


@given(steps=_STEPS, most=st.integers(1, 40), data=st.data())
@settings(max_examples=100, deadline=None)
def test_changes_add_up_and_are_found_with_few_requests(
    steps: Sequence[tuple[int, int]], most: int, data: st.DataObject
) -> None:
    """Whatever state is gone; what nets to nothing between two blocks that are asked about may stay unseen."""
    states = [(100, 0)]
    for coins, sent in steps:
        states.append((states[-1][0] + coins, states[-1][1] + sent))
    until = len(steps)
    gone = frozenset(data.draw(st.one_of(st.just(set()), st.sets(st.integers(0, until - 1), max_size=5))))
    node = States(states, gone)
    changes = _found(node, until, most)
    halvings = ceil(log2(until)) if until > 1 else 0
    assert node.asked <= 4 + 2 * most * halvings + (2 * len(range(until)) if gone else 0)
    if changes is None:
        assert gone
        return
    assert len(changes.found) <= most
    assert sum(one.delta for one in changes.found) == states[until][0] - states[changes.after][0]
    truly = {n for n in range(changes.after + 1, until + 1) if states[n] != states[n - 1]}
    assert {one.number for one in changes.found} <= truly
    assert all(one.delta == states[one.number][0] - states[one.number - 1][0] for one in changes.found)
    grows, moved = all(coins >= 0 for coins, _ in steps), sum(step != (0, 0) for step in steps)
    if grows and not gone and moved <= most:
        assert (changes.after, {one.number for one in changes.found}) == (0, truly)


def test_of_an_hour_in_which_nothing_moved_two_states_are_read() -> None:
    node = States([(7, 3)] * 301)
    assert _found(node, 300, 100) == Changes(after=0, found=())
    assert node.asked == 4


def test_one_change_in_an_hour_takes_some_twenty_requests() -> None:
    node = States([(7, 3)] * 123 + [(9, 3)] * 178)
    changes = _found(node, 300, 100)
    assert changes is not None
    assert [(one.number, one.delta) for one in changes.found] == [(123, 2)]
    assert node.asked <= 4 + 2 * 9


@pytest.mark.parametrize("kept", [1, 2, 3, 40, 128, 300])
def test_of_a_node_that_forgets_three_fourths_of_what_it_holds_are_told_at_least(kept: int) -> None:
    node = States([(number, 0) for number in range(301)], frozenset(range(301 - kept)))
    changes = _found(node, 300, 1000)
    if kept == 1:
        assert changes is None
        return
    assert changes is not None
    assert 301 - kept <= changes.after <= 300 - (kept - 1) * 3 // 4 + (kept > 2)
    assert [one.number for one in changes.found] == list(range(changes.after + 1, 301))
