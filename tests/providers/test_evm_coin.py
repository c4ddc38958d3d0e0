"""What the evm provider tells of a chain's coin, against a real node: each part of it, and that they are the change."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from holdfast.domain.jobs import JobWindow
from holdfast.domain.time import SystemClock
from holdfast.domain.transfers import CoinMovement, CoinMovements, TransferRange
from holdfast.providers import evm
from holdfast.providers.evm.provider import EvmProvider
from holdfast.providers.evm.settings import ChainSettings, EvmSettings
from holdfast.providers.kit.contract import Target
from holdfast.providers.kit.errors import ProviderUnavailableError, UnexpectedResponseError
from holdfast.providers.kit.exchange import RecordedResponse, open_exchange
from holdfast.providers.kit.replaying import KeptAnswer, ReplayClock, ReplaySession
from holdfast.providers.kit.testing import Reply
from holdfast.settings import Secret
from tests.providers import evm_chain as chain
from tests.providers.test_evm_node import Twist, _build
from tests.support.anvil import Anvil, AnvilUnavailableError
from tests.support.bytecode import REVERT, assemble
from tests.support.coins import balance_at, fee_of, fund, newest, pay, pays_out, without_state

ETHER = 10**18
FAILING, PAYING = "0x" + "f1" * 20, "0x" + "f2" * 20
Part = tuple[str, str, int, str, str]
"""Cause, direction, wei, counterparty, transaction."""


@pytest.fixture(scope="module")
def anvil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Anvil]:
    try:
        node = Anvil(tmp_path_factory.mktemp("anvil"))
    except AnvilUnavailableError as reason:
        pytest.fail(str(reason), pytrace=False)
    fund(node, chain.OWNER, 10 * ETHER)
    fund(node, chain.STRANGER, 10**6 * ETHER)
    fund(node, PAYING, 10**6 * ETHER)
    node.put_code(FAILING, assemble(*REVERT))
    node.put_code(PAYING, pays_out(chain.OWNER, 3 * ETHER))
    node.mine()
    yield node
    node.stop()


@pytest.fixture
def began(anvil: Anvil) -> int:
    """The block before whatever the test does; what others did is too long ago to be fetched."""
    anvil.ask("evm_increaseTime", 7200)
    anvil.mine(5)
    return newest(anvil)


@pytest.fixture
def held(anvil: Anvil) -> Iterator[None]:
    """Transactions wait for `mine`, to share a block."""
    anvil.hold_blocks(True)
    yield
    anvil.hold_blocks(False)


async def test_what_was_sent_is_told_apart_from_what_sending_it_cost(anvil: Anvil, began: int) -> None:
    sent = pay(anvil, chain.OWNER, chain.STRANGER, ETHER + 1)
    told = await _told(anvil)
    assert _parts(told) == [
        ("transfer", "out", ETHER + 1, chain.STRANGER, sent),
        ("fee", "out", fee_of(anvil, sent), "", sent),
    ]
    assert [one.place for one in told.movements] == [(began + 1, 0), (began + 1, 1)]
    assert told.asset == "eip155:31337/slip44:60"
    _assert_adds_up(anvil, told, newest(anvil))


@pytest.mark.usefixtures("began")
async def test_what_came_costs_the_receiver_nothing(anvil: Anvil) -> None:
    sent = pay(anvil, chain.STRANGER, chain.OWNER, 7)
    told = await _told(anvil)
    assert _parts(told) == [("transfer", "in", 7, chain.STRANGER, sent)]
    block = anvil.ask("eth_getBlockByNumber", "latest", False)
    assert (told.movements[0].block.hash, told.movements[0].amount) == (block["hash"], Decimal("7E-18"))


@pytest.mark.usefixtures("began")
async def test_one_to_itself_moves_its_fee_alone(anvil: Anvil) -> None:
    sent = pay(anvil, chain.OWNER, chain.OWNER, ETHER)
    assert _parts(await _told(anvil)) == [
        ("transfer", "self", ETHER, chain.OWNER, sent),
        ("fee", "out", fee_of(anvil, sent), "", sent),
    ]


@pytest.mark.usefixtures("began")
async def test_one_that_failed_costs_its_fee_alone(anvil: Anvil) -> None:
    sent = pay(anvil, chain.OWNER, FAILING, ETHER)
    assert _parts(await _told(anvil)) == [("fee", "out", fee_of(anvil, sent), "", sent)]


@pytest.mark.usefixtures("began")
async def test_one_that_failed_brings_nothing(anvil: Anvil) -> None:
    """To the account, out of gas: it has code now, which burns all that it is given."""
    anvil.put_code(chain.OWNER, assemble(*REVERT))
    pay(anvil, chain.STRANGER, chain.OWNER, ETHER)
    anvil.put_code(chain.OWNER, b"")
    assert _parts(await _told(anvil)) == []


@pytest.mark.usefixtures("began")
async def test_a_call_without_a_value_is_its_fee(anvil: Anvil) -> None:
    sent = pay(anvil, chain.OWNER, chain.STRANGER, 0)
    assert _parts(await _told(anvil)) == [("fee", "out", fee_of(anvil, sent), "", sent)]


@pytest.mark.usefixtures("began")
async def test_what_a_contract_pays_out_is_a_change_without_a_transaction(anvil: Anvil) -> None:
    pay(anvil, chain.STRANGER, PAYING, 0)
    assert _parts(await _told(anvil)) == [("other", "in", 3 * ETHER, "", "")]


@pytest.mark.usefixtures("began")
async def test_what_a_contract_pays_out_to_its_caller_is_beside_what_the_call_cost(anvil: Anvil) -> None:
    sent = pay(anvil, chain.OWNER, PAYING, ETHER)
    assert _parts(await _told(anvil)) == [
        ("transfer", "out", ETHER, PAYING, sent),
        ("fee", "out", fee_of(anvil, sent), "", sent),
        ("other", "in", 3 * ETHER, "", ""),
    ]


@pytest.mark.usefixtures("began")
async def test_what_creates_a_contract_goes_to_it(anvil: Anvil) -> None:
    sent = pay(anvil, chain.OWNER, None, 5, data=assemble("STOP"))
    created = anvil.ask("eth_getTransactionReceipt", sent)["contractAddress"]
    assert _parts(await _told(anvil))[0] == ("transfer", "out", 5, created, sent)


@pytest.mark.usefixtures("began")
async def test_what_a_block_earns_its_proposer_is_a_change_without_a_transaction(anvil: Anvil) -> None:
    before = anvil.ask("eth_coinbase")
    anvil.ask("anvil_setCoinbase", chain.OWNER)
    sent = pay(anvil, chain.STRANGER, PAYING, 0)
    anvil.ask("anvil_setCoinbase", before)
    earned = balance_at(anvil, chain.OWNER, newest(anvil)) - balance_at(anvil, chain.OWNER, newest(anvil) - 1)
    assert earned > 3 * ETHER
    assert _parts(await _told(anvil)) == [("other", "in", earned, "", "")]
    assert int(anvil.ask("eth_getTransactionReceipt", sent)["gasUsed"], 16) > 0


@pytest.mark.usefixtures("began", "held")
async def test_several_of_a_block_are_told_in_its_order(anvil: Anvil) -> None:
    first = pay(anvil, chain.OWNER, chain.STRANGER, 10, mined=False)
    second = pay(anvil, chain.OWNER, chain.STRANGER, 20, mined=False)
    pay(anvil, chain.STRANGER, PAYING, 0, mined=False)
    third = pay(anvil, chain.STRANGER, chain.OWNER, 30, mined=False)
    anvil.mine()
    told = await _told(anvil)
    parts = _parts(told)
    assert [(direction, wei) for cause, direction, wei, _, _ in parts if cause == "transfer" and wei < 30] == [
        ("out", 10),
        ("out", 20),
    ]
    assert {part[4] for part in parts} == {first, second, third, ""}
    assert [one.index for one in told.movements] == list(range(6))
    _assert_adds_up(anvil, told, newest(anvil))


async def test_parts_of_many_blocks_add_up_to_what_the_balance_changed_by(anvil: Anvil, began: int) -> None:
    """Of blocks in which nothing moved there is none."""
    for turn in range(6):
        pay(anvil, chain.OWNER, (chain.STRANGER, FAILING, PAYING)[turn % 3], turn)
        anvil.mine(turn * 3)
    told = await _told(anvil)
    assert len({one.block.number for one in told.movements}) == 6
    assert min(one.block.number for one in told.movements) == began + 1
    _assert_adds_up(anvil, told, newest(anvil))


@pytest.mark.usefixtures("began")
async def test_an_account_that_rests_is_asked_of_at_two_blocks(anvil: Anvil) -> None:
    asked: list[Any] = []
    told = await _told(anvil, twist=asked.append)
    assert told.movements == ()
    batches = [body for body in asked if isinstance(body, list) and body[0]["method"] == "eth_getBalance"]
    assert [len(batch) for batch in batches] == [4]
    assert not any(one["method"] == "eth_getTransactionReceipt" for body in asked for one in _listed(body))


@pytest.mark.usefixtures("began")
async def test_paying_with_what_came_in_is_found_by_the_count_of_transactions(anvil: Anvil) -> None:
    """The balance is the same at both ends: the fee came in, too."""
    sent = pay(anvil, chain.OWNER, chain.STRANGER, 100)
    back = pay(anvil, chain.STRANGER, chain.OWNER, 100 + fee_of(anvil, sent))
    parts = _parts(await _told(anvil))
    assert [(cause, tx) for cause, _, _, _, tx in parts] == [("transfer", sent), ("fee", sent), ("transfer", back)]


async def test_of_more_blocks_than_are_asked_for_the_newest_are_told(anvil: Anvil, began: int) -> None:
    for _ in range(5):
        pay(anvil, chain.STRANGER, chain.OWNER, 1)
        anvil.mine(3)
    told = await _told(anvil, coin_blocks=2)
    blocks = [one.block.number for one in told.movements]
    assert blocks == [began + 13, began + 17]
    assert began + 9 <= told.after.number < began + 13
    _assert_adds_up(anvil, told, newest(anvil))


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
    stated = await _fetch(anvil, twist=_forgetful(anvil, last - kept + 1, message))
    assert stated.coin is not None
    assert _parts(stated.coin) == [("transfer", "in", 2, chain.STRANGER, sent)]
    assert stated.after.number < last - 150
    assert last - kept + 1 <= stated.coin.after.number <= max(last - kept * 5 // 8, last - 1)
    _assert_adds_up(anvil, stated.coin, last)


@pytest.mark.parametrize("status", [200, 403])
async def test_a_node_that_refuses_old_blocks_to_its_free_plan_tells_of_the_newer_ones(
    anvil: Anvil, began: int, status: int
) -> None:
    """The whole batch, if one of it is about an old block; its key is good."""
    message = "Archive requests require a personal token, and an API key"

    def refuse(body: Any) -> Reply | None:
        asked = [one for one in _listed(body) if one["method"] in ("eth_getBalance", "eth_getTransactionCount")]
        if all(int(one["params"][1], 16) >= began for one in asked):
            return None
        refused = {"jsonrpc": "2.0", "id": None, "error": {"code": -32602, "message": message}}
        return Reply(status=status, body=json.dumps(refused).encode())

    anvil.mine(20)
    sent = pay(anvil, chain.STRANGER, chain.OWNER, 2)
    stated = await _fetch(anvil, twist=refuse)
    assert stated.coin is not None
    assert stated.after.number < began <= stated.coin.after.number
    assert _parts(stated.coin) == [("transfer", "in", 2, chain.STRANGER, sent)]


async def test_a_node_without_any_of_the_states_tells_of_tokens_alone(anvil: Anvil, began: int) -> None:
    stated = await _fetch(anvil, twist=_forgetful(anvil, began + 1, "historical state 0a1b is not available"))
    assert stated.coin is None
    assert (await _fetch(anvil, twist=_forgetful(anvil, began, "missing trie node"))).coin is None


async def test_a_state_that_one_of_several_nodes_does_not_have_ends_what_is_known(anvil: Anvil, began: int) -> None:
    """Both ends are there, and some between are not."""
    for _ in range(4):
        pay(anvil, chain.STRANGER, chain.OWNER, 1)
        anvil.mine(10)
    hole = began + 13
    gone = {"code": -32000, "message": "missing trie node"}

    def answer(body: Any) -> Reply | None:
        if not (isinstance(body, list) and body[0]["method"] == "eth_getBalance"):
            return None
        answers = [
            {"jsonrpc": "2.0", "id": one["id"], "error": gone}
            if began < int(one["params"][1], 16) < hole
            else {"jsonrpc": "2.0", "id": one["id"], "result": anvil.ask(one["method"], *one["params"])}
            for one in body
        ]
        return Reply(body=json.dumps(answers).encode())

    told = await _told(anvil, twist=answer)
    assert hole <= told.after.number < began + 23
    assert [one.block.number for one in told.movements] == [began + 23, began + 34]
    _assert_adds_up(anvil, told, newest(anvil))


async def test_a_day_of_history_tells_of_the_coin_too(anvil: Anvil, began: int) -> None:
    sent = pay(anvil, chain.STRANGER, chain.OWNER, 5)
    moved = (await _told(anvil)).movements[0]
    window = JobWindow(start=moved.block.time, end=moved.block.time, every_s=3600)
    anvil.ask("evm_increaseTime", 7200)
    pay(anvil, chain.STRANGER, chain.OWNER, 6)
    stated = await _fetch(anvil, window=window)
    assert stated.coin is not None
    assert _parts(stated.coin) == [("transfer", "in", 5, chain.STRANGER, sent)]
    assert (stated.coin.after, stated.until.number) == (stated.after, began + 1)


@pytest.mark.usefixtures("began")
async def test_what_a_reorganisation_undid_is_not_told_again(anvil: Anvil) -> None:
    before = anvil.ask("evm_snapshot")
    pay(anvil, chain.STRANGER, chain.OWNER, 11)
    first = await _told(anvil)
    anvil.ask("evm_revert", before)
    sent = pay(anvil, chain.STRANGER, chain.OWNER, 12)
    second = await _told(anvil)
    assert [part[2] for part in _parts(first)] == [11]
    assert _parts(second) == [("transfer", "in", 12, chain.STRANGER, sent)]
    assert first.movements[0].block.hash != second.movements[0].block.hash


@pytest.mark.usefixtures("began")
async def test_a_block_that_is_replaced_while_it_is_read_states_nothing(anvil: Anvil) -> None:
    before = anvil.ask("evm_snapshot")
    pay(anvil, chain.STRANGER, chain.OWNER, 11)
    replaced: list[Any] = []

    def reorganise(body: Any) -> Reply | None:
        if isinstance(body, list) and body[0]["method"] == "eth_getBlockByNumber" and not replaced:
            replaced.append(anvil.ask("evm_revert", before))
            anvil.ask("evm_increaseTime", 77)
            anvil.mine()
        return None

    with pytest.raises(ProviderUnavailableError, match="reorganised"):
        await _fetch(anvil, twist=reorganise)
    assert replaced


@pytest.mark.usefixtures("began")
async def test_receipts_that_are_not_found_by_their_hash_are_found_in_their_block(anvil: Anvil) -> None:
    """As of a node that has old blocks, and no index of their transactions."""
    sent = pay(anvil, chain.OWNER, chain.STRANGER, 9)
    back = pay(anvil, chain.STRANGER, chain.OWNER, 4)

    def without_index(body: Any) -> Reply | None:
        if _listed(body)[0]["method"] != "eth_getTransactionReceipt":
            return None
        return Reply(body=json.dumps([{"jsonrpc": "2.0", "id": one["id"], "result": None} for one in body]).encode())

    assert _parts(await _told(anvil, twist=without_index)) == [
        ("transfer", "out", 9, chain.STRANGER, sent),
        ("fee", "out", fee_of(anvil, sent), "", sent),
        ("transfer", "in", 4, chain.STRANGER, back),
    ]


@pytest.mark.parametrize(
    ("method", "answer", "error"),
    [
        ("eth_getBalance", "many", UnexpectedResponseError),
        ("eth_getTransactionCount", None, UnexpectedResponseError),
        ("Receipt", None, ProviderUnavailableError),
        ("eth_getTransactionReceipt", {"transactionHash": "0x12"}, UnexpectedResponseError),
    ],
)
@pytest.mark.usefixtures("began")
async def test_an_answer_that_is_none_fails_the_fetch(
    anvil: Anvil, method: str, answer: Any, error: type[Exception]
) -> None:
    pay(anvil, chain.STRANGER, chain.OWNER, 11)

    def twist(body: Any) -> Reply | None:
        if not any(method in one["method"] for one in _listed(body)):
            return None
        answers = [
            {
                "jsonrpc": "2.0",
                "id": one["id"],
                "result": answer if method in one["method"] else anvil.ask(one["method"], *one["params"]),
            }
            for one in _listed(body)
        ]
        return Reply(body=json.dumps(answers if isinstance(body, list) else answers[0]).encode())

    with pytest.raises(error):
        await _fetch(anvil, twist=twist)


@pytest.mark.usefixtures("began")
async def test_a_node_that_takes_no_batches_is_asked_one_by_one(anvil: Anvil) -> None:
    sent = pay(anvil, chain.STRANGER, chain.OWNER, 8)
    told = await _told(
        anvil, twist=lambda body: Reply(status=413, body=b"no batches") if isinstance(body, list) else None
    )
    assert _parts(told) == [("transfer", "in", 8, chain.STRANGER, sent)]


@pytest.mark.usefixtures("began")
async def test_a_chain_of_which_it_is_not_asked_for_is_asked_for_no_state(anvil: Anvil) -> None:
    pay(anvil, chain.STRANGER, chain.OWNER, 8)
    asked: list[Any] = []
    assert (await _fetch(anvil, twist=asked.append, transfers_of_coin=False)).coin is None
    assert not any(one["method"] == "eth_getBalance" for body in asked for one in _listed(body))


@pytest.mark.usefixtures("began")
async def test_what_was_kept_is_told_alike_when_it_is_read_again_with_or_without_the_coin(anvil: Anvil) -> None:
    pay(anvil, chain.OWNER, chain.STRANGER, 8)
    for asked_then in (True, False):
        with open_exchange() as exchange:
            (stated,) = (await _provider(anvil, transfers_of_coin=asked_then).fetch(_target())).transfers
        clock = ReplayClock()
        session = ReplaySession(provider="evm", clock=clock)
        settings = EvmSettings(chains={"31337": ChainSettings(rpc_url=Secret(anvil.url))})
        provider = evm.build(settings, session, clock)
        session.load(exchange.responses[0].sent_at, [_kept(response) for response in exchange.responses])
        with open_exchange():
            (again,) = (await provider.fetch(_target())).transfers
        assert (again.coin, again.transfers, again.raw) == (stated.coin, stated.transfers, stated.raw)
        assert (again.coin is not None) is asked_then


def _kept(response: RecordedResponse) -> KeptAnswer:
    return KeptAnswer(**{name: getattr(response, name) for name in KeptAnswer.__struct_fields__})


def _parts(told: CoinMovements) -> list[Part]:
    return [(one.cause, one.direction, _wei(one), one.counterparty, one.tx_hash) for one in told.movements]


def _wei(one: CoinMovement) -> int:
    assert one.amount is not None
    return int(one.amount.scaleb(18))


def _assert_adds_up(anvil: Anvil, told: CoinMovements, until: int) -> None:
    """Block by block, and in all: to what the node itself says the balance was."""
    signs = {"in": 1, "out": -1, "self": 0}
    for number in {one.block.number for one in told.movements}:
        moved = sum(signs[one.direction] * _wei(one) for one in told.movements if one.block.number == number)
        assert moved == balance_at(anvil, chain.OWNER, number) - balance_at(anvil, chain.OWNER, number - 1)
    moved = sum(signs[one.direction] * _wei(one) for one in told.movements)
    assert moved == balance_at(anvil, chain.OWNER, until) - balance_at(anvil, chain.OWNER, told.after.number)


def _forgetful(anvil: Anvil, before: int, message: str) -> Twist:
    def twist(body: Any) -> Reply | None:
        answers = without_state(anvil, body, before=before, message=message)
        return None if answers is None else Reply(body=json.dumps(answers).encode())

    return twist


def _listed(body: Any) -> list[Any]:
    return body if isinstance(body, list) else [body]


async def _told(anvil: Anvil, *, twist: Twist | None = None, coin_blocks: int = 100) -> CoinMovements:
    stated = await _fetch(anvil, twist=twist, coin_blocks=coin_blocks)
    assert stated.coin is not None
    return stated.coin


async def _fetch(
    anvil: Anvil,
    *,
    twist: Twist | None = None,
    window: JobWindow | None = None,
    coin_blocks: int = 100,
    transfers_of_coin: bool = True,
) -> TransferRange:
    provider = _provider(anvil, twist, coin_blocks=coin_blocks, transfers_of_coin=transfers_of_coin)
    with open_exchange():
        (stated,) = (await provider.fetch(_target(window))).transfers
    return stated


def _provider(anvil: Anvil, twist: Twist | None = None, **settings: Any) -> EvmProvider:
    on_chain = ChainSettings(rpc_url=Secret(anvil.url), **settings)
    return _build(anvil, EvmSettings(chains={"31337": on_chain}), twist, SystemClock())[0]


def _target(window: JobWindow | None = None) -> Target:
    return Target(feed="transfers", target=f"eip155:31337:{chain.OWNER}", scope="wallet", window=window)
