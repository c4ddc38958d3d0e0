"""Credmark's clients find in us what they know: shapes, blocks and ranges, zeros, refusals, and our numbers.

The world of `tests.api.world`, with blocks of chain 1 at 09:00, 10:10, 11:10 and 12:05:

    09:00  block 100   0xbbb… 7 XYZ, whose address is this wire's name for the coin: it cannot be told here
    10:10  block 450   0xaaa… 9 ETH in a deposit, 18000
    11:10  block 750   0xaaa… 2 ETH 4000, less 500 USDC 500, and 100 of no token
    12:05  block 1020  0xaaa… 1.5 ETH 3000 besides; 10 aWETH are the receipt of the deposit
"""

import json
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from holdfast.domain.assets import EUR
from holdfast.registry.commands import SourceChoice
from holdfast.registry.records import Rule
from tests.api.conftest import World
from tests.api.credmark_asking import (
    ADDRESS_A,
    ADDRESS_B,
    BLOCKS,
    COIN,
    EURO,
    TOKEN_USDC,
    C,
    ask,
    data_of,
    positions,
    quoted_at,
    second,
    write_blocks,
)
from tests.api.world import ETH, USDC, at, insert, write_snapshot
from tests.support import credmark_examples as examples
from tests.support.shapes import differences

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def blocks(world: World) -> None:
    await write_blocks(world)


@pytest.mark.parametrize(
    ("resource", "params", "example"),
    [
        ("positions", {}, examples.POSITIONS_EXAMPLE),
        ("value", {}, examples.VALUE_EXAMPLE),
        ("value", {"includePositions": "true"}, examples.VALUE_WITH_POSITIONS_EXAMPLE),
        ("returns", {}, examples.RETURNS_EXAMPLE),
        ("positions/historical", {"startBlockNumber": 450, "blockInterval": 300}, examples.POSITIONS_HISTORY_EXAMPLE),
        ("value/historical", {"startBlockNumber": 450, "blockInterval": 300}, examples.VALUE_HISTORY_EXAMPLE),
    ],
)
async def test_an_answer_has_exactly_the_documented_shape(
    world: World, resource: str, params: dict[str, Any], example: dict[str, Any]
) -> None:
    answer = await ask(world, resource, **params)
    assert answer.status_code == 200, answer.text
    assert differences(answer.json(), example) == []
    assert list(answer.json()) == list(example)
    assert answer.headers["content-type"].startswith("application/json")


async def test_the_latest_is_everything_that_counts_of_the_accounts_as_tokens(world: World) -> None:
    body = await data_of(world, "value", of=f"{ADDRESS_A},{ADDRESS_B}", includePositions="true")
    assert (body["blockNumber"], body["blockTimestamp"]) == (1020, second("12:05"))
    assert body["accounts"] == [ADDRESS_A, ADDRESS_B]
    assert body["quoteAddress"] == "0x0000000000000000000000000000000000000348"
    # 3.5 ETH 7000 less 500 USDC 500; the pool worth 100 is no token, aWETH a receipt.
    assert body["value"] == 6500
    assert body["positions"] == [
        {"tokenAddress": TOKEN_USDC, "tokenPrice": 1, "balance": -500, "value": -500},
        {"tokenAddress": COIN, "tokenPrice": 2000, "balance": Decimal("3.5"), "value": 7000},
    ]


async def test_accounts_are_echoed_as_they_were_written_and_compared_as_addresses_are(world: World) -> None:
    shouted = "0x" + ADDRESS_B[2:].upper()
    assert (await data_of(world, "positions", of=shouted))["accounts"] == [shouted]
    twice = await data_of(world, "positions", of=f"{shouted},{ADDRESS_B}")
    assert twice["positions"] == []


@pytest.mark.parametrize(
    ("params", "block", "value"),
    [
        ({"blockNumber": 450}, 450, 18000),
        ({"blockNumber": 749}, 450, 18000),
        ({"blockNumber": 750}, 750, 3500),
        ({"blockNumber": 10**9}, 1020, 6500),
        ({"timestamp": second("11:09")}, 450, 18000),
        ({"timestamp": second("11:10")}, 750, 3500),
        ({"timestamp": second("23:00")}, 1020, 6500),
        ({"timestamp": second("23:00") + 400 * 86_400}, 1020, 6500),
        ({"blockNumber": 10**11}, 1020, 6500),
    ],
)
async def test_a_block_or_a_time_is_answered_from_the_newest_stored_block_at_or_before_it(
    world: World, params: dict[str, int], block: int, value: int
) -> None:
    body = await data_of(world, "value", **params)
    assert (body["blockNumber"], body["value"]) == (block, value)
    assert body["blockTimestamp"] == second(dict(BLOCKS)[block])


@pytest.mark.parametrize(
    ("how", "status", "message"),
    [
        ({"blockNumber": 450, "timestamp": 5}, 400, "Only one of {blockNumber} or {timestamp} can be set."),
        ({"of": "0x12"}, 400, ["Invalid account address"]),
        ({"of": ",".join([ADDRESS_A] * 101)}, 400, ["accounts must contain no more than 100 elements"]),
        ({"tokens": "USDC"}, 400, ["Invalid token address"]),
        ({"chain": "mainnet"}, 400, ["chainId must be an integer number"]),
        ({"blockNumber": 99}, 404, "Nothing is stored of chain 1 at or before that block"),
        ({"blockNumber": 449}, 404, "Nothing is known of these accounts at block 100"),
        ({"of": "0x" + "9" * 40}, 404, "Account 0x" + "9" * 40 + " is not tracked"),
        ({"chain": "10"}, 404, f"Account {ADDRESS_A} is not tracked"),
        ({"of": C.rpartition(":")[2], "key": "acme"}, 503, "These accounts have not been read yet: try again later"),
        ({"of": C.rpartition(":")[2]}, 404, f"Account {C.rpartition(':')[2]} is not tracked"),
        ({"key": "bees"}, 404, f"Account {ADDRESS_A} is not tracked"),
        ({"key": "rival"}, 404, f"Account {ADDRESS_A} is not tracked"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("resource", ["positions", "value", "returns"])
async def test_what_cannot_be_answered_is_refused_in_the_shape_of_upstream(
    world: World, resource: str, how: dict[str, Any], status: int, message: Any
) -> None:
    if "tokens" in how and resource == "returns":
        how = {"quoteAddress": "USD"}
        message = ["Invalid quote address"]
    answer = await ask(world, resource, **how)
    phrase = {400: "Bad Request", 404: "Not Found", 503: "Service Unavailable"}[status]
    assert (answer.status_code, answer.json()) == (status, {"statusCode": status, "message": message, "error": phrase})


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer hf_wrong"}, {"X-Api-Key": "family"}])
async def test_only_a_live_key_as_a_bearer_opens_the_routes(world: World, headers: dict[str, str]) -> None:
    sent = {name: world.keys.get(text, text) for name, text in headers.items()}
    answer = await world.client.get(f"/v1/portfolio/1/{ADDRESS_A}/positions", headers=sent)
    assert answer.status_code == 401
    assert answer.json() == {"statusCode": 401, "message": "Unauthorized", "error": "Unauthorized"}


async def test_blocks_of_a_range_are_anchored_at_its_end_and_the_partial_step_is_cut_from_the_head(
    world: World,
) -> None:
    body = await data_of(world, "value/historical", startBlockNumber=440, endBlockNumber=1050, blockInterval=200)
    # 450, 650, 850 and 1050, each answered from the newest stored block at or before it.
    assert [(point["blockNumber"], point["value"]) for point in body["data"]] == [
        (450, 18000), (450, 18000), (750, 3500), (1020, 6500),
    ]  # fmt: skip
    assert (body["startBlockNumber"], body["endBlockNumber"]) == (440, 1050)
    assert (body["startTimestamp"], body["endTimestamp"]) == (second("09:00"), second("12:05"))


async def test_times_of_a_range_include_both_ends_and_what_was_not_known_yet_is_left_out(world: World) -> None:
    body = await data_of(
        world, "positions/historical", startTimestamp=second("09:30"), endTimestamp=second("11:30"), timeInterval=3600
    )
    assert [(point["blockTimestamp"], positions(point)) for point in body["data"]] == [
        (second("10:10"), {COIN: 9}),
        (second("11:10"), {COIN: 2, TOKEN_USDC: -500}),
    ]
    assert (body["startTimestamp"], body["startBlockNumber"]) == (second("09:30"), 100)
    assert (body["endTimestamp"], body["endBlockNumber"]) == (second("11:30"), 750)


async def test_a_range_ends_at_the_latest_block_and_its_last_point_is_the_latest(world: World) -> None:
    body = await data_of(world, "value/historical", startBlockNumber=450, timeInterval=3600)
    assert body["endBlockNumber"] == 1020
    assert (
        [point["value"] for point in body["data"]]
        == [18000, 6500]
        == [point["value"] for point in body["data"][:-1]] + [(await data_of(world, "value"))["value"]]
    )
    # Anchored at 12:05: 11:05 shows the block of 10:10. A day is the interval of a range that names none.
    assert [point["blockTimestamp"] for point in body["data"]] == [second("10:10"), second("12:05")]
    assert len((await data_of(world, "value/historical", startBlockNumber=450))["data"]) == 1


async def test_positions_of_a_value_are_there_only_where_they_were_asked_for(world: World) -> None:
    how = {"startBlockNumber": 450, "blockInterval": 1000}
    assert "positions" not in (await data_of(world, "value"))
    assert "positions" not in (await data_of(world, "value/historical", **how))["data"][0]
    [point] = (await data_of(world, "value/historical", includePositions="true", **how))["data"]
    assert point["value"] == sum(one["value"] for one in point["positions"])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "Either {startBlockNumber} or {startTimestamp} must be set."),
        ({"startBlockNumber": 1, "startTimestamp": 1},
         "Only one of {startBlockNumber} or {startTimestamp} can be set."),
        ({"startTimestamp": 2, "endTimestamp": 1}, ["start: must not be after the end"]),
        (
            {"startBlockNumber": 0, "endBlockNumber": 4000, "blockInterval": 1},
            ["interval: gives 4,001 points, at most 4,000: ask for a longer interval"],
        ),
    ],
)  # fmt: skip
async def test_a_range_that_does_not_fit_is_refused(world: World, params: dict[str, Any], message: Any) -> None:
    answer = await ask(world, "value/historical", **params)
    assert (answer.status_code, answer.json()["message"]) == (400, message)


async def test_four_thousand_points_are_answered(world: World) -> None:
    params = {"startBlockNumber": 0, "endBlockNumber": 3999, "blockInterval": 1}
    body = await data_of(world, "value/historical", **params)
    assert len(body["data"]) == 4000 - 450  # before block 450 nothing was known of the account
    assert body["data"][-1]["value"] == 6500


async def test_tokens_may_be_picked_with_commas_or_one_by_one(world: World) -> None:
    picked = await data_of(world, "positions", tokens=f"{TOKEN_USDC.upper().replace('X', 'x', 1)},0x{'7' * 40}")
    assert positions(picked) == {TOKEN_USDC: -500}
    value = await data_of(world, "value", tokens=[TOKEN_USDC, COIN])
    assert value["value"] == 6500
    assert (await data_of(world, "value", tokens=COIN))["value"] == 7000


async def test_values_are_quoted_at_the_rate_of_their_own_instant_or_not_at_all(world: World) -> None:
    prices = [
        # 1.25 dollars for a euro, and an ether for 2000 dollars, from 11:00 on.
        {"asset": EUR, "price": "1.25"}, {"asset": ETH, "price": "2000"},
    ]  # fmt: skip
    await insert(world.resources.warehouse, "prices", [one | quoted_at("11:00") for one in prices])
    assert (await data_of(world, "value", quoteAddress=EURO))["value"] == 5200
    in_ether = await data_of(world, "value", quoteAddress=COIN.upper().replace("X", "x", 1))
    assert in_ether["value"] == Decimal("3.25")
    assert in_ether["quoteAddress"] == "0x" + "E" * 40
    refused = await ask(world, "value", quoteAddress=EURO, blockNumber=450)
    assert (refused.status_code, refused.json()) == (
        422,
        {"statusCode": 422, "message": f"There is no price of {EURO} at block 450", "error": "Unprocessable Entity"},
    )
    assert (await ask(world, "returns", quoteAddress=EURO, blockNumber=450)).status_code == 422
    series = await data_of(world, "value/historical", quoteAddress=EURO, startBlockNumber=450, blockInterval=270)
    # At block 450 there was no rate.
    assert [(point["blockNumber"], point["value"]) for point in series["data"]] == [(750, 2800), (1020, 5200)]


async def test_a_wallet_that_holds_nothing_is_an_empty_answer_not_an_unknown_one(world: World) -> None:
    account = "eip155:1:0x" + "5" * 40
    await world.resources.store.add_account("acme", account, sources=[SourceChoice(provider="evm")])
    await world.resources.watcher.wait_until(world.resources.store.revision)
    await write_snapshot(world.resources.warehouse, f"acme/evm/{account}/wallet", at("09:00"), [])
    how = {"of": account.rpartition(":")[2], "key": "acme"}
    assert (await data_of(world, "positions", **how))["positions"] == []
    assert (await data_of(world, "value", **how))["value"] == 0
    returns = await data_of(world, "returns", **how)
    assert (returns["totalReturn"], returns["returns"]) == (0, [])


async def test_numbers_have_every_digit(world: World) -> None:
    text = (await ask(world, "positions")).text
    assert json.loads(text)["positions"][-1]["balance"] == 3.5
    assert '"balance":3.5' in text


async def test_an_asset_that_the_rules_exclude_is_in_no_answer(world: World) -> None:
    store = world.resources.store
    await store.put_rules("acme", [Rule(asset=USDC, portfolio="family")])
    await world.resources.watcher.wait_until(store.revision)
    assert (await data_of(world, "value"))["value"] == 7000
    assert TOKEN_USDC not in {one["tokenAddress"] for one in (await data_of(world, "returns"))["returns"]}
    assert (await data_of(world, "value", key="acme"))["value"] == 6500  # the rule is of one portfolio
