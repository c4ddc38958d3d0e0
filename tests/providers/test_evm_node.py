"""The evm provider against a real node: anvil, with contracts of every kind on it."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from holdfast.domain.time import SystemClock
from holdfast.providers.evm.provider import EvmProvider
from holdfast.providers.evm.settings import ChainSettings, EvmSettings
from holdfast.providers.kit.contract import Target
from holdfast.providers.kit.errors import ProviderUnavailableError, RateLimitedError, UnexpectedResponseError
from holdfast.providers.kit.testing import FakeClock, Reply
from holdfast.settings import Secret
from tests.providers import evm_chain as chain
from tests.providers.evm_asking import (
    Twist,
    amount_of,
    build,
    build_for_chain,
    calls,
    fetch_snapshot,
    forward,
    reply,
)
from tests.support.anvil import Anvil

EXPECTED = {
    "eip155:31337/slip44:60": ("ETH", Decimal("1.234567890123456789"), None),
    f"eip155:31337/erc20:{chain.STANDARD}": ("STD", Decimal("123456.789012345678901234"), None),
    f"eip155:31337/erc20:{chain.BYTES32}": ("MKR", Decimal("0.000000000000000001"), None),
    f"eip155:31337/erc20:{chain.WHOLE}": ("ONE", Decimal(42), None),
    f"eip155:31337/erc20:{chain.FINE}": ("FINE", Decimal("1.000000000000000000000000000001"), None),
    f"eip155:31337/erc20:{chain.FINEST}": ("FINEST", Decimal("3E-77"), None),
    f"eip155:31337/erc20:{chain.SILENT}": ("SILENT", None, "unreadable"),
    f"eip155:31337/erc20:{chain.REVERTING}": ("REV", None, "unreadable"),
    f"eip155:31337/erc20:{chain.SHORT}": ("SHORT", None, "unreadable"),
    f"eip155:31337/erc20:{chain.LONG}": ("LONG", None, "unreadable"),
    f"eip155:31337/erc20:{chain.MISSING}": ("", None, "unreadable"),
    f"eip155:31337/erc20:{chain.HUGE}": ("HUGE", None, "out_of_range"),
    f"eip155:31337/erc20:{chain.GREEDY}": ("GREEDY", None, "unreadable"),
    f"eip155:31337/erc20:{chain.WIDE_DECIMALS}": ("WIDE", None, "unreadable"),
}
"""By asset: symbol, amount, reason. EMPTY is not here: its balance is zero."""


@pytest.fixture(params=["multicall", "batches", "single calls"])
def way(request: pytest.FixtureRequest, anvil: Anvil) -> Twist | None:
    """The three ways to read many tokens; each must find the same."""
    chain.prepare(anvil, multicall=request.param == "multicall")
    return _refuse_batches if request.param == "single calls" else None


def _refuse_batches(asked: Any) -> Reply | None:
    return Reply(status=413, body=b"batches are not served here") if isinstance(asked, list) else None


async def test_each_kind_of_token_is_read_exactly_or_left_out_with_its_reason(anvil: Anvil, way: Twist | None) -> None:
    snapshot = await fetch_snapshot(_provider(anvil, twist=way))
    assert {line.asset: (line.symbol, line.amount, line.reason) for line in snapshot.balances} == EXPECTED
    assert all(
        line.kind == "wallet" and line.side == "asset" and line.chain == "eip155:31337" for line in snapshot.balances
    )


async def test_an_account_without_holdings_has_an_empty_snapshot(anvil: Anvil, way: Twist | None) -> None:
    provider = _provider(anvil, tokens=(chain.STANDARD, chain.SILENT, chain.EMPTY), twist=way)
    assert (await fetch_snapshot(provider, owner=chain.STRANGER)).balances == ()


async def test_a_snapshot_names_its_block_and_is_as_of_the_blocks_own_time(anvil: Anvil) -> None:
    chain.prepare(anvil, multicall=True)
    newest = anvil.ask("eth_getBlockByNumber", "latest", False)
    snapshot = await fetch_snapshot(_provider(anvil))
    assert snapshot.block is not None
    assert (snapshot.block.chain, snapshot.block.number) == ("eip155:31337", int(newest["number"], 16))
    assert snapshot.block.hash == newest["hash"]
    assert snapshot.observed_at == snapshot.block.time == datetime.fromtimestamp(int(newest["timestamp"], 16), UTC)
    assert len(snapshot.raw) >= 4


async def test_balances_are_those_of_the_confirmed_block_not_of_the_newest(anvil: Anvil) -> None:
    chain.prepare(anvil, multicall=True)
    anvil.mine()
    anvil.put_storage(chain.WHOLE, chain.balance_slot(chain.OWNER), 43)
    newest = await fetch_snapshot(_provider(anvil, tokens=(chain.WHOLE,)))
    confirmed = await fetch_snapshot(_provider(anvil, tokens=(chain.WHOLE,), confirmation_blocks=1))
    assert (amount_of(newest, chain.WHOLE), amount_of(confirmed, chain.WHOLE)) == (43, 42)
    assert newest.block is not None
    assert confirmed.block is not None
    assert confirmed.block.number == newest.block.number - 1


async def test_a_block_mined_while_reading_does_not_mix_into_the_snapshot(anvil: Anvil, way: Twist | None) -> None:
    def mine_meanwhile(asked: Any) -> Reply | None:
        if isinstance(asked, dict) and asked["method"] == "eth_getBalance":
            anvil.mine()
            anvil.put_storage(chain.WHOLE, chain.balance_slot(chain.OWNER), 1_000)
        return way(asked) if way else None

    snapshot = await fetch_snapshot(_provider(anvil, twist=mine_meanwhile))
    assert amount_of(snapshot, chain.WHOLE) == 42


@pytest.mark.parametrize("by_hash", [True, False])
async def test_a_reorganisation_while_reading_gives_no_snapshot(anvil: Anvil, by_hash: bool) -> None:
    chain.prepare(anvil, multicall=True)
    before = anvil.ask("evm_snapshot")
    anvil.mine()

    def reorganise(asked: Any) -> Reply | None:
        if not by_hash and (refusal := _refuse_block_hashes(asked)):
            return refusal
        if isinstance(asked, dict) and asked["method"] == "eth_getCode":
            anvil.ask("evm_revert", before)
            anvil.ask("evm_increaseTime", 77)
            anvil.mine()
        return None

    with pytest.raises(ProviderUnavailableError):
        await fetch_snapshot(_provider(anvil, twist=reorganise))


async def test_a_node_without_block_hash_references_is_read_by_number(anvil: Anvil) -> None:
    chain.prepare(anvil, multicall=True)
    snapshot = await fetch_snapshot(_provider(anvil, twist=_refuse_block_hashes))
    assert {line.asset: (line.symbol, line.amount, line.reason) for line in snapshot.balances} == EXPECTED


def _refuse_block_hashes(asked: Any) -> Reply | None:
    if not any("blockHash" in json.dumps(one["params"]) for one in calls(asked)):
        return None
    error = {
        "code": -32602,
        "message": "invalid argument 1: json: cannot unmarshal object into Go value of type string",
    }
    return reply(asked, lambda _: {"error": error})


async def test_a_node_of_another_chain_is_refused_before_any_balance_is_read(anvil: Anvil) -> None:
    settings = EvmSettings(chains={"1": ChainSettings(rpc_url=Secret(anvil.url), tokens=(chain.STANDARD,))})
    provider, upstream = build(anvil, settings, None, SystemClock())
    with pytest.raises(UnexpectedResponseError, match=r"chains\.1\.rpc_url: this node serves chain 31337, not 1"):
        await provider.fetch(Target(feed="balances", target=f"eip155:1:{chain.OWNER}", scope="wallet"))
    assert [json.loads(request.body)["method"] for request in upstream.requests] == ["eth_chainId"]


async def test_metadata_is_asked_for_once_until_it_is_too_old(anvil: Anvil) -> None:
    chain.prepare(anvil, multicall=True)
    clock = FakeClock(datetime(2026, 1, 1, tzinfo=UTC))
    settings = EvmSettings(
        chains={"31337": ChainSettings(rpc_url=Secret(anvil.url), tokens=(chain.STANDARD, chain.FINE))},
        metadata_ttl_s=60,
    )
    provider, upstream = build(anvil, settings, None, clock)
    requests = []
    for seconds in (0, 59, 60):
        clock.time = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
        upstream.requests.clear()
        await fetch_snapshot(provider)
        requests.append(len(upstream.requests))
    # Block, coin and tokens always; at first also the chain id, the look for Multicall3, and the metadata.
    assert requests == [6, 3, 4]


async def test_more_tokens_than_fit_one_request_are_all_read(anvil: Anvil, way: Twist | None) -> None:
    snapshot = await fetch_snapshot(_provider(anvil, twist=way, calls_per_request=4))
    assert {line.asset: (line.symbol, line.amount, line.reason) for line in snapshot.balances} == EXPECTED


async def test_something_else_at_the_address_of_multicall3_does_no_harm(anvil: Anvil) -> None:
    chain.prepare(anvil, multicall=False)
    anvil.put_code(chain.MULTICALL3, bytes.fromhex("60206000f3"))
    snapshot = await fetch_snapshot(_provider(anvil))
    assert {line.asset: (line.symbol, line.amount, line.reason) for line in snapshot.balances} == EXPECTED


async def test_a_rate_limit_inside_a_batch_fails_the_fetch_and_keeps_its_wait(anvil: Anvil) -> None:
    chain.prepare(anvil, multicall=False)

    def limit(asked: Any) -> Reply | None:
        if not isinstance(asked, list):
            return None
        error = {"code": -32005, "message": "daily request count exceeded", "data": {"rate": {"backoff_seconds": 30}}}
        return reply(asked, lambda _: {"error": error})

    with pytest.raises(RateLimitedError) as caught:
        await fetch_snapshot(_provider(anvil, twist=limit))
    assert caught.value.retry_after_s == 30


async def test_answers_of_a_batch_may_come_in_any_order(anvil: Anvil) -> None:
    chain.prepare(anvil, multicall=False)

    def shuffle(asked: Any) -> Reply | None:
        if not isinstance(asked, list):
            return None
        answers = json.loads(forward(anvil, json.dumps(asked).encode()).body)
        return Reply(body=json.dumps(answers[::-1]).encode())

    snapshot = await fetch_snapshot(_provider(anvil, twist=shuffle))
    assert {line.asset: (line.symbol, line.amount, line.reason) for line in snapshot.balances} == EXPECTED


async def test_a_batch_with_an_answer_missing_gives_no_snapshot(anvil: Anvil) -> None:
    chain.prepare(anvil, multicall=False)

    def lose_one(asked: Any) -> Reply | None:
        if not isinstance(asked, list):
            return None
        return Reply(body=json.dumps(json.loads(forward(anvil, json.dumps(asked).encode()).body)[1:]).encode())

    with pytest.raises(UnexpectedResponseError, match="1 of 14 answers are missing"):
        await fetch_snapshot(_provider(anvil, twist=lose_one))


def _provider(anvil: Anvil, *, tokens: tuple[str, ...] = chain.ALL, **asked: Any) -> EvmProvider:
    return build_for_chain(anvil, tokens=tokens, **asked)
