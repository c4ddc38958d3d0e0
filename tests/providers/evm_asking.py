"""The evm provider before a real node: each of its answers may be replaced on the way."""

import json
import urllib.request
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from holdfast.domain.balances import Balance, Snapshot
from holdfast.domain.jobs import JobWindow
from holdfast.domain.time import Clock, SystemClock
from holdfast.domain.transfers import TransferRange
from holdfast.providers import evm
from holdfast.providers.evm.provider import EvmProvider
from holdfast.providers.evm.settings import ChainSettings, EvmSettings
from holdfast.providers.kit.contract import Budget, Target
from holdfast.providers.kit.exchange import open_exchange
from holdfast.providers.kit.session import Request, build_session
from holdfast.providers.kit.testing import FakeUpstream, Reply
from holdfast.settings import Secret
from tests.providers import evm_chain as chain
from tests.support.anvil import Anvil
from tests.support.coins import newest

Twist = Callable[[Any], Reply | None]
"""Gets a request's JSON; a Reply is sent in place of the node's own."""


def build(anvil: Anvil, settings: EvmSettings, twist: Twist | None, clock: Clock) -> tuple[EvmProvider, FakeUpstream]:
    """A provider whose traffic reaches the real node, unless `twist` steps in."""

    def answer(request: Request) -> Reply:
        return (twist(json.loads(request.body)) if twist else None) or forward(anvil, request.body)

    upstream = FakeUpstream(answer)
    session = build_session(evm.MANIFEST, settings, clock, transport=upstream)
    provider = evm.build(settings, session, clock)
    session.limit(Budget(requests=1_000, per_s=1))
    return provider, upstream


def build_for_chain(
    anvil: Anvil, *, twist: Twist | None = None, calls_per_request: int = 200, **of_chain: Any
) -> EvmProvider:
    """With settings of the chain besides the address of the node."""
    on_chain = ChainSettings(rpc_url=Secret(anvil.url), **of_chain)
    settings = EvmSettings(chains={"31337": on_chain}, calls_per_request=calls_per_request)
    return build(anvil, settings, twist, SystemClock())[0]


def forward(anvil: Anvil, body: bytes) -> Reply:
    request = urllib.request.Request(anvil.url, body, {"content-type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310
        return Reply(status=response.status, body=response.read())


def calls(body: Any) -> list[Any]:
    """Those of a request: many of a batch, else itself."""
    return body if isinstance(body, list) else [body]


def reply(body: Any, answer: Callable[[Any], dict[str, Any]]) -> Reply:
    """To a request or a batch: `answer` gives the result, or the error, of each call."""
    answers = [{"jsonrpc": "2.0", "id": one["id"], **answer(one)} for one in calls(body)]
    return Reply(body=json.dumps(answers if isinstance(body, list) else answers[0]).encode())


def result_of(anvil: Anvil, call: Any) -> Any:
    """The node's own."""
    return anvil.ask(call["method"], *call["params"])


def target(feed: str, *, owner: str = chain.OWNER, window: JobWindow | None = None) -> Target:
    return Target(feed=feed, target=f"eip155:31337:{owner}", scope="wallet", window=window)


async def fetch_snapshot(provider: EvmProvider, owner: str = chain.OWNER) -> Snapshot:
    with open_exchange():
        fetched = await provider.fetch(target("balances", owner=owner))
    (snapshot,) = fetched.snapshots
    return snapshot


def begin(anvil: Anvil, *, blocks: int) -> int:
    """The block before whatever a test does; what others did is too long ago to be fetched."""
    anvil.ask("evm_increaseTime", 7200)
    anvil.mine(blocks)
    return newest(anvil)


async def fetch_range(provider: EvmProvider, window: JobWindow | None = None) -> TransferRange:
    with open_exchange():
        (stated,) = (await provider.fetch(target("transfers", window=window))).transfers
    return stated


def amount_of(snapshot: Snapshot, token: str) -> Decimal | None:
    line: Balance = next(line for line in snapshot.balances if line.asset == f"eip155:31337/erc20:{token}")
    return line.amount
