"""The evm provider while a real chain is reorganised: at any moment of a fetch, and deeper than what it remembers."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from holdfast.domain.balances import Snapshot
from holdfast.domain.jobs import JobWindow
from holdfast.domain.time import SystemClock
from holdfast.domain.transfers import TransferRange
from holdfast.providers.evm.settings import ChainSettings, EvmSettings
from holdfast.providers.kit.errors import ProviderUnavailableError
from holdfast.providers.kit.exchange import open_exchange
from holdfast.providers.kit.testing import Reply
from holdfast.settings import Secret
from tests.providers import evm_chain as chain
from tests.providers.evm_asking import (
    begin,
    build,
    build_for_chain,
    calls,
    fetch_range,
    fetch_snapshot,
    reply,
    target,
)
from tests.support.anvil import Anvil
from tests.support.bytecode import TRANSFER, word
from tests.support.coins import fund, newest, pay

ETHER = 10**18
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
TOKENS = (chain.WHOLE, chain.STANDARD)


@pytest.fixture(scope="module")
def anvil(anvil: Anvil) -> Anvil:
    chain.prepare(anvil, multicall=True)
    fund(anvil, chain.OWNER, 100 * ETHER)
    fund(anvil, chain.STRANGER, 100 * ETHER)
    anvil.mine()
    return anvil


def give(anvil: Anvil, raw: int) -> None:
    """Some of a token, in a block of its own."""
    padded = bytes.fromhex(chain.STRANGER[2:]).rjust(32, b"\0")
    anvil.send(chain.OWNER, chain.WHOLE, TRANSFER.to_bytes(4, "big") + padded + word(raw))


class Reorganised:
    """A chain of which some blocks are replaced just before the request of a number is answered."""

    def __init__(self, anvil: Anvil, at_request: int, *, by_number: bool) -> None:
        self._anvil = anvil
        self._at = at_request
        self._by_number = by_number
        self._base = str(anvil.ask("evm_snapshot"))
        self.asked = 0
        give(anvil, 11)
        pay(anvil, chain.STRANGER, chain.OWNER, 2 * ETHER)
        anvil.mine()

    def __call__(self, body: Any) -> Reply | None:
        if self.asked == self._at:
            self.replace()
        self.asked += 1
        return by_number(body) if self._by_number else None

    def replace(self) -> None:
        """Longer than it was, with another transfer and another payment in other blocks."""
        self._anvil.ask("evm_revert", self._base)
        self._anvil.ask("evm_increaseTime", 77)
        self._anvil.mine(2)
        pay(self._anvil, chain.OWNER, chain.STRANGER, ETHER)
        give(self._anvil, 5)
        self._anvil.mine()


def content(said: TransferRange | Snapshot) -> TransferRange | Snapshot:
    return replace(said, fetched_at=NEVER, raw=())


def by_number(body: Any) -> Reply | None:
    """As a node answers that does not know blocks by their hash (EIP-1898)."""
    if not any(isinstance(one, dict) for call in calls(body) for one in call["params"][1:]):
        return None
    return reply(body, lambda _: {"error": {"code": -32602, "message": "cannot unmarshal object into a number"}})


FEEDS = {"balances": fetch_snapshot, "transfers": fetch_range}


@pytest.mark.parametrize(("feed", "by_numbers"), [("balances", False), ("balances", True), ("transfers", False)])
async def test_whenever_it_happens_what_is_stated_is_of_one_chain(anvil: Anvil, feed: str, by_numbers: bool) -> None:
    """Request after request of a fetch: all of it is of the blocks before, or of those after, or nothing is said."""
    outcomes: set[str] = set()
    at_request = 0
    while True:
        begin(anvil, blocks=20)
        reorganised = Reorganised(anvil, at_request, by_number=by_numbers)
        ask = FEEDS[feed]
        before = content(await ask(build_for_chain(anvil, tokens=TOKENS)))
        try:
            said = content(await ask(build_for_chain(anvil, twist=reorganised, tokens=TOKENS, calls_per_request=3)))
        except ProviderUnavailableError:
            outcomes.add("nothing")
        else:
            after = content(await ask(build_for_chain(anvil, tokens=TOKENS)))
            assert said in (before, after), f"at request {at_request}"
            outcomes.add("before" if said == before else "after")
        if reorganised.asked <= at_request:
            break
        at_request += 1
    assert at_request > 4
    assert outcomes == {"before", "after", "nothing"}


@pytest.mark.parametrize("feed", FEEDS)
async def test_a_past_that_was_replaced_is_read_anew(anvil: Anvil, feed: str) -> None:
    """A test network may replace more blocks than are ever taken back elsewhere: what was remembered of them goes."""
    base = anvil.ask("evm_snapshot")
    give(anvil, 3)
    given = datetime.fromtimestamp(int(anvil.ask("eth_getBlockByNumber", "latest", False)["timestamp"], 16), UTC)
    anvil.ask("anvil_mine", hex(300), hex(12))
    window = JobWindow(start=given, end=given + timedelta(seconds=240), every_s=60)
    provider = build_for_chain(anvil, tokens=TOKENS, archive=True)

    async def said() -> Sequence[Snapshot | TransferRange]:
        with open_exchange():
            fetched = await provider.fetch(target(feed, window=window))
        return fetched.snapshots or fetched.transfers

    assert await said()
    anvil.ask("evm_revert", base)
    anvil.ask("anvil_mine", hex(400), hex(11))
    with pytest.raises(ProviderUnavailableError):
        await said()
    for one in await said():
        block = one.block if isinstance(one, Snapshot) else one.until
        assert block is not None
        assert block.hash == anvil.ask("eth_getBlockByNumber", hex(block.number), False)["hash"]


class Stepping:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = SystemClock().now()

    def now(self) -> datetime:
        return self.at


async def test_a_statement_is_no_newer_than_the_look_at_its_blocks(anvil: Anvil) -> None:
    """Else one that waited afterwards would stand over another fetch's, which saw the blocks that replaced its own."""
    begin(anvil, blocks=5)
    give(anvil, 7)
    clock = Stepping()
    looked: list[datetime] = []

    def wait_behind_the_look(body: Any) -> Reply | None:
        methods = {call["method"] for call in calls(body)}
        if methods == {"eth_getBlockByNumber"} and isinstance(body, list):
            looked.append(clock.at)
        elif looked:
            clock.at += timedelta(seconds=30)
        return None

    on_chain = ChainSettings(rpc_url=Secret(anvil.url), tokens=TOKENS, transfers_of_coin=False)
    provider, _ = build(anvil, EvmSettings(chains={"31337": on_chain}), wait_behind_the_look, clock)
    stated = await fetch_range(provider)
    assert len(stated.transfers) == 1
    assert clock.at > looked[-1]
    assert stated.fetched_at <= looked[-1]
    assert newest(anvil) == stated.until.number


BEHIND = [
    (-32602, "block range extends beyond current head block"),
    (-32602, "block range extends beyond current head block: requested 50162452, head 50162449"),
    (-32000, "requested to block 23734227 after last accepted block 23734226"),
    (-32000, "block 50162452 is beyond the latest block 50162448 of this node, retry later"),
    (-32000, "request beyond head block"),
    (-32001, "One of the blocks specified in filter (fromBlock, toBlock or blockHash) cannot be found"),
]
"""geth and reth, with a hosted node's addition; Avalanche; three others behind an address of many nodes."""


@pytest.mark.parametrize(("code", "message"), BEHIND)
async def test_a_node_that_is_behind_the_one_that_told_the_newest_block_is_waited_for(
    anvil: Anvil, code: int, message: str
) -> None:
    """It speaks of a range, and would not answer for fewer blocks: halves of it would be asked for down to the last."""
    begin(anvil, blocks=50)
    asked = 0

    def lags(body: Any) -> Reply | None:
        nonlocal asked
        if not any(call["method"] == "eth_getLogs" for call in calls(body)):
            return None
        asked += 1
        return reply(body, lambda _: {"error": {"code": code, "message": message}})

    with pytest.raises(ProviderUnavailableError, match="lags behind"):
        await fetch_range(build_for_chain(anvil, twist=lags, tokens=TOKENS, transfers_of_coin=False))
    assert asked == 1
