"""What the evm provider tells of a chain's coin, against a real node: each part of it, and that they are the change."""

from decimal import Decimal

import pytest

from tests.providers import evm_chain as chain
from tests.providers.evm_coin.telling import ETHER, FAILING, PAYING, assert_adds_up, parts_of, told_of
from tests.support.anvil import Anvil
from tests.support.bytecode import REVERT, assemble
from tests.support.coins import balance_at, fee_of, newest, pay


async def test_what_was_sent_is_told_apart_from_what_sending_it_cost(anvil: Anvil, began: int) -> None:
    sent = pay(anvil, chain.OWNER, chain.STRANGER, ETHER + 1)
    told = await told_of(anvil)
    assert parts_of(told) == [
        ("transfer", "out", ETHER + 1, chain.STRANGER, sent),
        ("fee", "out", fee_of(anvil, sent), "", sent),
    ]
    assert [one.place for one in told.movements] == [(began + 1, 0), (began + 1, 1)]
    assert told.asset == "eip155:31337/slip44:60"
    assert_adds_up(anvil, told, newest(anvil))


@pytest.mark.usefixtures("began")
async def test_what_came_costs_the_receiver_nothing(anvil: Anvil) -> None:
    sent = pay(anvil, chain.STRANGER, chain.OWNER, 7)
    told = await told_of(anvil)
    assert parts_of(told) == [("transfer", "in", 7, chain.STRANGER, sent)]
    block = anvil.ask("eth_getBlockByNumber", "latest", False)
    assert (told.movements[0].block.hash, told.movements[0].amount) == (block["hash"], Decimal("7E-18"))


@pytest.mark.usefixtures("began")
async def test_one_to_itself_moves_its_fee_alone(anvil: Anvil) -> None:
    sent = pay(anvil, chain.OWNER, chain.OWNER, ETHER)
    assert parts_of(await told_of(anvil)) == [
        ("transfer", "self", ETHER, chain.OWNER, sent),
        ("fee", "out", fee_of(anvil, sent), "", sent),
    ]


@pytest.mark.usefixtures("began")
async def test_one_that_failed_costs_its_fee_alone(anvil: Anvil) -> None:
    sent = pay(anvil, chain.OWNER, FAILING, ETHER)
    assert parts_of(await told_of(anvil)) == [("fee", "out", fee_of(anvil, sent), "", sent)]


@pytest.mark.usefixtures("began")
async def test_one_that_failed_brings_nothing(anvil: Anvil) -> None:
    """To the account, out of gas: it has code now, which burns all that it is given."""
    anvil.put_code(chain.OWNER, assemble(*REVERT))
    pay(anvil, chain.STRANGER, chain.OWNER, ETHER)
    anvil.put_code(chain.OWNER, b"")
    assert parts_of(await told_of(anvil)) == []


@pytest.mark.usefixtures("began")
async def test_a_call_without_a_value_is_its_fee(anvil: Anvil) -> None:
    sent = pay(anvil, chain.OWNER, chain.STRANGER, 0)
    assert parts_of(await told_of(anvil)) == [("fee", "out", fee_of(anvil, sent), "", sent)]


@pytest.mark.usefixtures("began")
async def test_what_a_contract_pays_out_is_a_change_without_a_transaction(anvil: Anvil) -> None:
    pay(anvil, chain.STRANGER, PAYING, 0)
    assert parts_of(await told_of(anvil)) == [("other", "in", 3 * ETHER, "", "")]


@pytest.mark.usefixtures("began")
async def test_what_a_contract_pays_out_to_its_caller_is_beside_what_the_call_cost(anvil: Anvil) -> None:
    sent = pay(anvil, chain.OWNER, PAYING, ETHER)
    assert parts_of(await told_of(anvil)) == [
        ("transfer", "out", ETHER, PAYING, sent),
        ("fee", "out", fee_of(anvil, sent), "", sent),
        ("other", "in", 3 * ETHER, "", ""),
    ]


@pytest.mark.usefixtures("began")
async def test_what_creates_a_contract_goes_to_it(anvil: Anvil) -> None:
    sent = pay(anvil, chain.OWNER, None, 5, data=assemble("STOP"))
    created = anvil.ask("eth_getTransactionReceipt", sent)["contractAddress"]
    assert parts_of(await told_of(anvil))[0] == ("transfer", "out", 5, created, sent)


@pytest.mark.usefixtures("began")
async def test_what_a_block_earns_its_proposer_is_a_change_without_a_transaction(anvil: Anvil) -> None:
    before = anvil.ask("eth_coinbase")
    anvil.ask("anvil_setCoinbase", chain.OWNER)
    sent = pay(anvil, chain.STRANGER, PAYING, 0)
    anvil.ask("anvil_setCoinbase", before)
    earned = balance_at(anvil, chain.OWNER, newest(anvil)) - balance_at(anvil, chain.OWNER, newest(anvil) - 1)
    assert earned > 3 * ETHER
    assert parts_of(await told_of(anvil)) == [("other", "in", earned, "", "")]
    assert int(anvil.ask("eth_getTransactionReceipt", sent)["gasUsed"], 16) > 0


@pytest.mark.usefixtures("began", "held")
async def test_several_of_a_block_are_told_in_its_order(anvil: Anvil) -> None:
    first = pay(anvil, chain.OWNER, chain.STRANGER, 10, mined=False)
    second = pay(anvil, chain.OWNER, chain.STRANGER, 20, mined=False)
    pay(anvil, chain.STRANGER, PAYING, 0, mined=False)
    third = pay(anvil, chain.STRANGER, chain.OWNER, 30, mined=False)
    anvil.mine()
    told = await told_of(anvil)
    parts = parts_of(told)
    assert [(direction, wei) for cause, direction, wei, _, _ in parts if cause == "transfer" and wei < 30] == [
        ("out", 10),
        ("out", 20),
    ]
    assert {part[4] for part in parts} == {first, second, third, ""}
    assert [one.index for one in told.movements] == list(range(6))
    assert_adds_up(anvil, told, newest(anvil))


async def test_parts_of_many_blocks_add_up_to_what_the_balance_changed_by(anvil: Anvil, began: int) -> None:
    """Of blocks in which nothing moved there is none."""
    for turn in range(6):
        pay(anvil, chain.OWNER, (chain.STRANGER, FAILING, PAYING)[turn % 3], turn)
        anvil.mine(turn * 3)
    told = await told_of(anvil)
    assert len({one.block.number for one in told.movements}) == 6
    assert min(one.block.number for one in told.movements) == began + 1
    assert_adds_up(anvil, told, newest(anvil))


@pytest.mark.usefixtures("began")
async def test_paying_with_what_came_in_is_found_by_the_count_of_transactions(anvil: Anvil) -> None:
    """The balance is the same at both ends: the fee came in, too."""
    sent = pay(anvil, chain.OWNER, chain.STRANGER, 100)
    back = pay(anvil, chain.STRANGER, chain.OWNER, 100 + fee_of(anvil, sent))
    parts = parts_of(await told_of(anvil))
    assert [(cause, tx) for cause, _, _, _, tx in parts] == [("transfer", sent), ("fee", sent), ("transfer", back)]
