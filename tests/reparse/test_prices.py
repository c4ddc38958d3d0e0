"""Prices that a parser had read wrongly: each is a fact of its own, and one that was never stated is taken back."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from holdfast.settings import Configuration, SettingsError
from services.worker.reparsing.keeping import Sizes
from tests.reparse.market import DAI, ETH, PRICES, URL, Market, asked, at, counts, read_as, tenfold, without
from tests.reparse.past import Past

WRONG, NO_ETH, NO_DAI = read_as(tenfold), read_as(without(ETH)), read_as(without(DAI))


@pytest.fixture
def market(past: Past) -> Market:
    return Market(past)


async def test_a_price_is_corrected_one_that_was_never_stated_is_taken_back_and_one_that_was_overlooked_is_told(
    market: Market,
) -> None:
    """The old parser read ETH ten times too high, a price of DAI where there was none, and overlooked another."""
    await market.hear(10, WRONG, eth="2000", dai="1")
    await market.hear(20, NO_DAI, eth_15="2100", dai_15="1")
    before = datetime.now(UTC)
    report = await market.reparse(NO_DAI, last=at(15), dry_run=True)
    assert (counts(report), await market.price(DAI)) == ({"corrected": 1, "withdrawn": 1}, 10)
    assert counts(await market.reparse(NO_DAI, last=at(15))) == {"corrected": 1, "withdrawn": 1}
    assert [await market.price(one) for one in (ETH, DAI)] == [2000, None]
    assert [await market.price(one, known_at=before) for one in (ETH, DAI)] == [20_000, 10]
    assert counts(await market.reparse(first=at(15))) == {"same": 1, "new": 1}
    assert await market.price(DAI, 15) == 1
    again = await market.reparse(NO_DAI, last=at(15))
    assert (counts(again), again.changes) == ({"same": 1}, ())


async def test_the_report_tells_each_price(market: Market) -> None:
    await market.hear(10, WRONG, eth="0.30", dai="1")
    [dai, eth] = (await market.reparse(NO_DAI)).changes
    assert (eth.kind, eth.source, eth.platform, eth.observed_at) == ("price", "http", f"{ETH} in iso4217:USD", at(0))
    assert (eth.verdict, eth.before, eth.after) == ("corrected", "3", "0.3")
    assert (dai.verdict, dai.before, dai.after, dai.job_id) == ("withdrawn", "10", "", asked(10).id)


async def test_of_several_fetches_that_told_a_price_the_last_counts(market: Market) -> None:
    """ETH was told three times as 2000; the last answer says 1999, which the old parser misread."""
    for minute in (10, 20):
        await market.hear(minute, eth="2000", dai="1")
    await market.hear(30, read_as(lambda prices: [replace(one, price=one.price + 1) for one in prices]), eth="1999")
    report = await market.reparse(sizes=Sizes(few=1))
    assert report.corrected == 1
    assert [await market.price(one) for one in (ETH, DAI)] == [1999, 1]
    assert (await market.reparse()).changes == ()


@pytest.mark.parametrize("few", [1, 50])
async def test_what_an_earlier_fetch_still_says_is_not_taken_back(market: Market, few: int) -> None:
    """All three told both; read again, the last one says nothing of ETH, and nobody says anything of DAI."""
    for minute in (10, 20, 30):
        await market.hear(minute, eth="2000" if minute < 30 else "2", dai="1")
    great = read_as(lambda prices: [one for one in prices if one.price > 2])
    report = await market.reparse(great, sizes=Sizes(few=few))
    assert report.withdrawn == 1
    assert [await market.price(one) for one in (ETH, DAI)] == [2000, None]
    assert (await market.reparse(great)).changes == ()


async def test_what_was_taken_back_may_be_said_again_and_taken_back_again(market: Market) -> None:
    await market.hear(10, eth="2000")
    for module, verdict, price in (
        (NO_ETH, "withdrawn", None), (PRICES, "new", 2000), (NO_ETH, "withdrawn", None),
    ):  # fmt: skip
        assert counts(await market.reparse(module)) == {verdict: 1}
        assert await market.price() == price


async def test_the_answer_that_told_it_is_gone_so_it_stays_as_it_is_and_that_is_told(market: Market) -> None:
    await market.hear(10, eth="2000")
    await market.hear(20, eth="2000")
    await market.past.warehouse.command("DELETE FROM exchanges WHERE job_id = {job:String}", {"job": asked(20).id})
    report = await market.reparse(NO_ETH)
    assert (report.fetches, report.gone, counts(report)) == (1, 1, {})
    assert await market.price() == 2000


async def test_what_a_file_says_today_is_not_taken_for_what_it_said_then(market: Market, tmp_path: Path) -> None:
    """Beside an address, whose answer is kept, the provider reads a file, which is not."""
    (tmp_path / "prices.csv").write_text(f"asset,at,price\n{DAI},{at(0).isoformat()},7\n")
    await market.hear(10, WRONG, eth="2000")
    sources = [{"name": "http", "url": URL}, {"name": "csv", "csv_path": str(tmp_path / "prices.csv")}]
    tree = {**market.past.configuration.tree, "providers": {"prices": {"sources": sources}}}
    market.past.configuration = Configuration(tree)
    report = await market.reparse()
    [skipped] = report.skipped
    assert (skipped.why, counts(report)) == ("not recorded: the file of the source 'csv'", {})


async def test_feeds_are_chosen_by_name(market: Market) -> None:
    await market.hear(10, WRONG, eth="2000")
    with pytest.raises(SettingsError, match="no feed 'balances' of prices; there are prices"):
        await market.reparse(feeds=("balances",))
    assert counts(await market.reparse(feeds=("prices",))) == {"corrected": 1}


async def test_many_prices_are_taken_back_in_messages_that_the_server_takes(market: Market) -> None:
    await market.hear(10, **{f"eth_{minute}": "2000" for minute in range(40)})
    market.past.configuration.tree["nats"]["max_payload_bytes"] = 2000
    assert counts(await market.reparse(NO_ETH)) == {"withdrawn": 40}
    assert [await market.price(minute=minute) for minute in (0, 39)] == [None, None]
