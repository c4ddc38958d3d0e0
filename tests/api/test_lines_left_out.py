"""Lines left out on purpose, over HTTP and in SQL: what rests on the ledger counts them as every total does."""

from datetime import date
from typing import Any

import pytest
import pytest_asyncio

from holdfast.events.event import Event
from holdfast.registry.commands import SourceChoice
from holdfast.registry.records import Member, Rule
from services.aggregator.closing.closer import Closer
from services.aggregator.projection import Projector
from services.aggregator.settings import ClosingSettings
from tests.aggregator.test_any_arrival import Silent
from tests.api.conftest import World
from tests.api.worked_example import ETH, USDC, day, observed, priced, take_in
from tests.api.world import StoppedClock

pytestmark = pytest.mark.asyncio(loop_scope="module")

RECEIPT, SPAM = ("eip155:1/erc20:0x" + digit * 40 for digit in "89")
CLOSED = date(2026, 2, 20)
ACCOUNTS = {"receipts": "eip155:1:0x" + "3" * 40, "ruled": "eip155:1:0x" + "4" * 40, "both": "eip155:1:0x" + "5" * 40}
LISTED = {"receipts": {RECEIPT: "3"}, "ruled": {SPAM: "7"}, "both": {RECEIPT: "3", SPAM: "7"}}
"""By portfolio, beside 1 ETH in the wallet: another source of the first and the last stands for the receipt."""

EXPECTED = {
    "receipts": (1, {"receipt_token": 1}),
    "ruled": (1, {"excluded": 1}),
    "both": (2, {"receipt_token": 1, "excluded": 1}),
}
"""lines_excluded and reasons."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def leaving_out(world: World) -> World:
    """The position of 30 USDC leaves the lists on day 1: the receipt is a holding of its own from then on."""
    store, warehouse = world.resources.store, world.resources.warehouse
    await store.put_rules("acme", [Rule(asset=SPAM, action="exclude")])
    events: list[Event] = [priced(day(0), {ETH: "2000", USDC: "1", RECEIPT: "10"})]
    for name, account in ACCOUNTS.items():
        await store.add_account("acme", account, sources=[SourceChoice(provider="evm"), SourceChoice(provider="okx")])
        await store.put_portfolio("acme", name, members=[Member(account=account)])
        events.append(observed(account, day(0.25), {ETH: "1"} | LISTED[name]))
        covers = (RECEIPT,) if RECEIPT in LISTED[name] else ()
        events.append(observed(account, day(0.5), {USDC: "30"}, provider="okx", kind="deposit", covers=covers))
        events.append(observed(account, day(1), {}, provider="okx"))
    await world.resources.watcher.wait_until(store.revision)
    await Projector(warehouse, Silent(), every_s=60).reconcile(world.resources.registry)  # type: ignore[arg-type]
    await take_in(warehouse, events, recorded_at=world.clock.now())
    return world


async def quality(world: World, what: str, portfolio: str, **params: Any) -> Any:
    answer = await world.get(f"/v1/portfolios/{portfolio}/{what}", **params)
    assert answer.status_code == 200, answer.text
    return answer.json()["quality"]


def told(found: dict[str, Any]) -> tuple[int, dict[str, int]]:
    return found["lines_excluded"], found["reasons"]


@pytest.mark.parametrize("portfolio", EXPECTED)
async def test_every_answer_counts_the_lines_that_the_total_leaves_out(portfolio: str, leaving_out: World) -> None:
    total = await quality(leaving_out, "total", portfolio, at=day(0.75).isoformat())
    assert told(total) == EXPECTED[portfolio]
    for what in ("returns", "flows", "attribution"):
        found = await quality(leaving_out, what, portfolio, to=day(0.75).isoformat())
        assert told(found) == EXPECTED[portfolio], what
        assert (found["complete"], found["lines_unpriced"]) == (True, 0), what


async def test_a_receipt_counts_again_once_nobody_stands_for_it(leaving_out: World) -> None:
    for what, instant in (("total", "at"), ("returns", "to")):
        found = await quality(leaving_out, what, "both", **{instant: day(1).isoformat()})
        assert told(found) == (1, {"excluded": 1}), what


async def test_what_is_stored_of_a_closed_day_counts_them_too(leaving_out: World) -> None:
    closing = ClosingSettings(days=30, share=1, margin_s=0)
    await Closer(leaving_out.resources.warehouse, StoppedClock(day(1.1)), closing, ranking=()).close_due()
    stored = await leaving_out.resources.warehouse.query(
        "SELECT portfolio, lines_excluded, reasons FROM portfolio_returns "
        f"WHERE tenant = 'acme' AND day = '{CLOSED}' AND span = 'all' AND method = 'simple'"
    )
    end = day(1).isoformat()
    for row in stored:
        assert told(row) == told(await quality(leaving_out, "returns", row["portfolio"], to=end))
    assert {row["portfolio"] for row in stored} >= set(EXPECTED)
