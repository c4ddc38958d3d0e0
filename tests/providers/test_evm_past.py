"""History from an archive: the right block for each instant, found with few requests, and read as it was then."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.domain.balances import Block, Snapshot
from holdfast.domain.jobs import JobWindow
from holdfast.providers.evm.past import BlockFinder
from holdfast.providers.evm.provider import MANIFEST, EvmProvider, targets_with_past
from holdfast.providers.evm.settings import ChainSettings, EvmSettings
from holdfast.providers.kit.errors import NoHistoryError
from holdfast.providers.kit.exchange import open_exchange
from holdfast.providers.kit.testing import Reply
from holdfast.settings import Secret
from tests.providers import evm_chain as chain
from tests.providers.evm_asking import amount_of, build_for_chain, target
from tests.support.anvil import Anvil

GENESIS = datetime(2020, 1, 1, tzinfo=UTC)


class Blocks:
    """A node that knows only when its blocks were."""

    chain = "eip155:1"

    def __init__(self, seconds: list[int]) -> None:
        self.times = [GENESIS + timedelta(seconds=second) for second in accumulate(seconds, initial=0)]
        self.asked = 0

    def block(self, number: int) -> Block:
        return Block(chain=self.chain, number=number, hash=f"0x{number:064x}", time=self.times[number])

    @property
    def newest(self) -> Block:
        return self.block(len(self.times) - 1)

    async def ask(self, request: Any) -> Any:
        self.asked += 1
        block = self.block(int(request.params[0], 16))
        seconds = int(block.time.timestamp())
        return {"number": hex(block.number), "hash": block.hash, "timestamp": hex(seconds)}

    def settle(self, _: str, answer: Any) -> Any:
        return answer

    def right(self, at: datetime) -> int | None:
        return max((n for n, time in enumerate(self.times) if time <= at), default=None)


@settings(max_examples=150)
@given(
    seconds=st.lists(st.sampled_from([0, 1, 2, 12, 13, 600, 86_400]), max_size=400),
    instants=st.lists(st.integers(-100, 500_000), min_size=1, max_size=8),
)
async def test_the_block_of_an_instant_is_the_last_one_that_is_not_after_it(
    seconds: list[int], instants: list[int]
) -> None:
    node = Blocks(seconds)
    finder = BlockFinder(node)  # type: ignore[arg-type]
    for at in (GENESIS + timedelta(seconds=offset) for offset in instants):
        found = await finder.find_block(at, node.newest)
        assert (found.number if found else None) == node.right(at)


async def test_a_day_of_hours_on_a_long_chain_costs_a_few_requests_an_hour() -> None:
    node = Blocks([12] * 100_000)
    finder = BlockFinder(node)  # type: ignore[arg-type]
    end = node.newest.time - timedelta(days=3, seconds=5)
    for hour in range(24):
        at = end - timedelta(hours=hour)
        found = await finder.find_block(at, node.newest)
        assert found is not None
        assert timedelta(0) <= at - found.time < timedelta(seconds=12)
    assert node.asked <= 24 * 6
    before = node.asked
    await finder.find_block(end, node.newest)
    assert node.asked - before <= 1, "what was asked is remembered"


@pytest.mark.parametrize("since", [5, 50, 250, 299, 301, 2000])
async def test_a_chain_that_stood_still_costs_a_few_requests_more(since: int) -> None:
    """Nothing is where an even pace would have it."""
    node = Blocks([12] * 100_000 + [36_000] + [12] * since)
    at = node.newest.time - timedelta(hours=1)
    found = await BlockFinder(node).find_block(at, node.newest)  # type: ignore[arg-type]
    assert found is not None
    assert found.number == node.right(at)
    assert node.asked <= 30


async def test_each_instant_of_a_window_is_read_at_the_block_that_was_the_newest_then(anvil: Anvil) -> None:
    noon = _three_hours(anvil)
    window = JobWindow(start=noon, end=noon + timedelta(hours=2), every_s=3600)
    snapshots = await _history(build_for_chain(anvil, tokens=(chain.WHOLE,), archive=True), window)
    assert [(one.observed_at, amount_of(one, chain.WHOLE)) for one in snapshots] == [
        (noon + timedelta(hours=hour), Decimal(100 + hour)) for hour in (2, 1, 0)
    ]
    assert all(one.block is not None and one.block.time == one.observed_at for one in snapshots)
    assert not set(snapshots[0].raw) & set(snapshots[1].raw), "each names only what it was read from"


async def test_a_block_that_was_the_newest_at_several_instants_is_one_snapshot(anvil: Anvil) -> None:
    noon = _three_hours(anvil)
    window = JobWindow(start=noon + timedelta(minutes=5), end=noon + timedelta(minutes=55), every_s=600)
    snapshots = await _history(build_for_chain(anvil, tokens=(chain.WHOLE,), archive=True), window)
    assert [one.observed_at for one in snapshots] == [noon]


def test_only_the_accounts_of_chains_with_an_archive_are_told_to_have_a_past() -> None:
    chains = {
        str(number): ChainSettings(rpc_url=Secret("http://node"), archive=archive)
        for number, archive in ((1, True), (10, False), (137, True))
    }
    assert targets_with_past(EvmSettings(chains=chains)) == ("eip155:1:", "eip155:137:")
    history = MANIFEST.feeds[0].history
    assert history is not None
    assert history.told


async def test_a_node_without_an_archive_has_no_history_whether_it_says_so_or_not(anvil: Anvil) -> None:
    noon = _three_hours(anvil)
    window = JobWindow(start=noon, end=noon, every_s=3600)
    with pytest.raises(NoHistoryError, match=r"chains\.31337\.archive"):
        await _history(build_for_chain(anvil, tokens=chain.ALL), window)

    def pruned(asked: Any) -> Reply | None:
        if isinstance(asked, dict) and asked["method"] == "eth_getBalance":
            said = b'{"jsonrpc":"2.0","id":0,"error":{"code":-32000,"message":"missing trie node 00ff"}}'
            return Reply(status=200, body=said)
        return None

    with pytest.raises(NoHistoryError, match="missing trie node"):
        await _history(build_for_chain(anvil, tokens=chain.ALL, archive=True, twist=pruned), window)


def _three_hours(anvil: Anvil) -> datetime:
    """A block at each of three full hours in the chain's future, the token's balance 100, 101 and 102 in them."""
    chain.prepare(anvil, multicall=True)
    newest = int(anvil.ask("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    noon = datetime.fromtimestamp((newest // 3600 + 1) * 3600, UTC)
    for hour in range(3):
        anvil.ask("evm_setNextBlockTimestamp", int(noon.timestamp()) + hour * 3600)
        anvil.mine()
        anvil.put_storage(chain.WHOLE, chain.balance_slot(chain.OWNER), 100 + hour)  # into the block just mined
    anvil.mine(3)
    return noon


async def _history(provider: EvmProvider, window: JobWindow) -> tuple[Snapshot, ...]:
    with open_exchange():
        return (await provider.fetch(target("balances", window=window))).snapshots
