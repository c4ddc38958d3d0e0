"""Of which blocks the coin is known: as many as are asked for, and as far back as the node has their states."""

import json
from typing import Any

import pytest

from holdfast.domain.jobs import JobWindow
from holdfast.providers.kit.testing import Reply
from tests.providers import evm_chain as chain
from tests.providers.evm_asking import Twist, calls, reply, result_of
from tests.providers.evm_coin.telling import assert_adds_up, fetch, parts_of, told_of
from tests.support.anvil import Anvil
from tests.support.coins import newest, pay, without_state


def _forgetful(anvil: Anvil, before: int, message: str) -> Twist:
    def twist(body: Any) -> Reply | None:
        answers = without_state(anvil, body, before=before, message=message)
        return None if answers is None else Reply(body=json.dumps(answers).encode())

    return twist


@pytest.mark.usefixtures("began")
async def test_an_account_that_rests_is_asked_of_at_two_blocks(anvil: Anvil) -> None:
    asked: list[Any] = []
    told = await told_of(anvil, twist=asked.append)
    assert told.movements == ()
    batches = [body for body in asked if isinstance(body, list) and body[0]["method"] == "eth_getBalance"]
    assert [len(batch) for batch in batches] == [4]
    assert not any(one["method"] == "eth_getTransactionReceipt" for body in asked for one in calls(body))


async def test_of_more_blocks_than_are_asked_for_the_newest_are_told(anvil: Anvil, began: int) -> None:
    for _ in range(5):
        pay(anvil, chain.STRANGER, chain.OWNER, 1)
        anvil.mine(3)
    told = await told_of(anvil, coin_blocks=2)
    blocks = [one.block.number for one in told.movements]
    assert blocks == [began + 13, began + 17]
    assert began + 9 <= told.after.number < began + 13
    assert_adds_up(anvil, told, newest(anvil))


@pytest.mark.parametrize(
    ("kept", "message"),
    [(128, "missing trie node 0a1b (path )"), (41, "old data not available due to pruning"), (2, "missing trie node")],
)
@pytest.mark.usefixtures("began")
async def test_where_the_state_is_gone_the_coin_is_known_of_later_blocks_alone(
    anvil: Anvil, kept: int, message: str
) -> None:
    """The tokens are known of all: logs are kept longer than states."""
    pay(anvil, chain.STRANGER, chain.OWNER, 1)
    anvil.mine(150)
    sent = pay(anvil, chain.STRANGER, chain.OWNER, 2)
    last = newest(anvil)
    stated = await fetch(anvil, twist=_forgetful(anvil, last - kept + 1, message))
    assert stated.coin is not None
    assert parts_of(stated.coin) == [("transfer", "in", 2, chain.STRANGER, sent)]
    assert stated.after.number < last - 150
    assert last - kept + 1 <= stated.coin.after.number <= max(last - kept * 5 // 8, last - 1)
    assert_adds_up(anvil, stated.coin, last)


@pytest.mark.parametrize("status", [200, 403])
async def test_a_node_that_refuses_old_blocks_to_its_free_plan_tells_of_the_newer_ones(
    anvil: Anvil, began: int, status: int
) -> None:
    """The whole batch, if one of it is about an old block; its key is good."""
    message = "Archive requests require a personal token, and an API key"

    def refuse(body: Any) -> Reply | None:
        asked = [one for one in calls(body) if one["method"] in ("eth_getBalance", "eth_getTransactionCount")]
        if all(int(one["params"][1], 16) >= began for one in asked):
            return None
        refused = {"jsonrpc": "2.0", "id": None, "error": {"code": -32602, "message": message}}
        return Reply(status=status, body=json.dumps(refused).encode())

    anvil.mine(20)
    sent = pay(anvil, chain.STRANGER, chain.OWNER, 2)
    stated = await fetch(anvil, twist=refuse)
    assert stated.coin is not None
    assert stated.after.number < began <= stated.coin.after.number
    assert parts_of(stated.coin) == [("transfer", "in", 2, chain.STRANGER, sent)]


async def test_a_node_without_any_of_the_states_tells_of_tokens_alone(anvil: Anvil, began: int) -> None:
    stated = await fetch(anvil, twist=_forgetful(anvil, began + 1, "historical state 0a1b is not available"))
    assert stated.coin is None
    assert (await fetch(anvil, twist=_forgetful(anvil, began, "missing trie node"))).coin is None


async def test_a_state_that_one_of_several_nodes_does_not_have_ends_what_is_known(anvil: Anvil, began: int) -> None:
    """Both ends are there, and some between are not."""
    for _ in range(4):
        pay(anvil, chain.STRANGER, chain.OWNER, 1)
        anvil.mine(10)
    hole = began + 13
    gone = {"code": -32000, "message": "missing trie node"}

    def of_each(call: Any) -> dict[str, Any]:
        return {"error": gone} if began < int(call["params"][1], 16) < hole else {"result": result_of(anvil, call)}

    def answer(body: Any) -> Reply | None:
        if not (isinstance(body, list) and body[0]["method"] == "eth_getBalance"):
            return None
        return reply(body, of_each)

    told = await told_of(anvil, twist=answer)
    assert hole <= told.after.number < began + 23
    assert [one.block.number for one in told.movements] == [began + 23, began + 34]
    assert_adds_up(anvil, told, newest(anvil))


async def test_a_day_of_history_tells_of_the_coin_too(anvil: Anvil, began: int) -> None:
    sent = pay(anvil, chain.STRANGER, chain.OWNER, 5)
    moved = (await told_of(anvil)).movements[0]
    window = JobWindow(start=moved.block.time, end=moved.block.time, every_s=3600)
    anvil.ask("evm_increaseTime", 7200)
    pay(anvil, chain.STRANGER, chain.OWNER, 6)
    stated = await fetch(anvil, window=window)
    assert stated.coin is not None
    assert parts_of(stated.coin) == [("transfer", "in", 5, chain.STRANGER, sent)]
    assert (stated.coin.after, stated.until.number) == (stated.after, began + 1)


@pytest.mark.usefixtures("began")
async def test_a_chain_of_which_it_is_not_asked_for_is_asked_for_no_state(anvil: Anvil) -> None:
    pay(anvil, chain.STRANGER, chain.OWNER, 8)
    asked: list[Any] = []
    assert (await fetch(anvil, twist=asked.append, transfers_of_coin=False)).coin is None
    assert not any(one["method"] == "eth_getBalance" for body in asked for one in calls(body))
