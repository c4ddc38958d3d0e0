"""The evm provider's transfers of tokens against a real node: anvil, whose tokens log and whose blocks are replaced."""

from decimal import Decimal
from typing import Any

import pytest

from holdfast.domain.jobs import JobWindow
from holdfast.domain.transfers import TransferRange
from holdfast.providers.evm.failures import RpcFailure, is_range_refused
from holdfast.providers.kit.errors import ProviderUnavailableError, RateLimitedError, UnexpectedResponseError
from holdfast.providers.kit.testing import Reply
from tests.providers import evm_chain as chain
from tests.providers.evm_asking import Twist, begin, build_for_chain, fetch_range, reply, result_of
from tests.support.anvil import Anvil
from tests.support.bytecode import HAND_OVER, TRANSFER, token, word

NFT = "0x" + "21" * 20
TOKENS = (chain.STANDARD, chain.WHOLE, chain.SILENT, chain.HUGE, NFT)


@pytest.fixture(scope="module")
def anvil(anvil: Anvil) -> Anvil:
    chain.prepare(anvil, multicall=True)
    anvil.put_code(NFT, token(decimals=0, transfer=HAND_OVER))
    anvil.put_storage(chain.WHOLE, chain.balance_slot(chain.STRANGER), 10**6)
    return anvil


@pytest.fixture
def began(anvil: Anvil) -> int:
    return begin(anvil, blocks=100)


async def test_what_came_and_went_is_told_in_the_order_of_the_chain(anvil: Anvil, began: int) -> None:
    sent = [
        _send(anvil, chain.OWNER, chain.STRANGER, 40, token=chain.WHOLE),
        _send(anvil, chain.STRANGER, chain.OWNER, 7, token=chain.WHOLE),
        _send(anvil, chain.OWNER, chain.STRANGER, 1_500_000_000_000_000_001, token=chain.STANDARD),
    ]
    stated = await _fetch(anvil)
    assert [(one.asset, one.direction, one.amount, one.counterparty, one.tx_hash) for one in stated.transfers] == [
        (f"eip155:31337/erc20:{chain.WHOLE}", "out", 40, chain.STRANGER, sent[0]),
        (f"eip155:31337/erc20:{chain.WHOLE}", "in", 7, chain.STRANGER, sent[1]),
        (f"eip155:31337/erc20:{chain.STANDARD}", "out", Decimal("1.500000000000000001"), chain.STRANGER, sent[2]),
    ]
    assert [one.block.number for one in stated.transfers] == [began + 1, began + 2, began + 3]
    for one in stated.transfers:
        block = anvil.ask("eth_getBlockByNumber", hex(one.block.number), False)
        assert (one.block.hash, int(one.block.time.timestamp())) == (block["hash"], int(block["timestamp"], 16))


async def test_a_range_names_the_blocks_at_both_ends(anvil: Anvil, began: int) -> None:
    stated = await _fetch(anvil)
    newest = anvil.ask("eth_getBlockByNumber", "latest", False)
    first = anvil.ask("eth_getBlockByNumber", hex(stated.after.number), False)
    assert (stated.until.number, stated.until.hash) == (began, newest["hash"])
    assert stated.after.hash == first["hash"]
    assert stated.until.number - stated.after.number > 10
    assert stated.transfers == ()
    assert len(stated.raw) == 2


@pytest.mark.usefixtures("began")
async def test_several_of_one_block_have_their_places_in_it(anvil: Anvil) -> None:
    anvil.hold_blocks(True)
    _send(anvil, chain.STRANGER, chain.OWNER, 5, token=chain.WHOLE)
    _send(anvil, chain.STRANGER, chain.OWNER, 6, token=chain.WHOLE)
    anvil.mine()
    anvil.hold_blocks(False)
    first, second = (await _fetch(anvil)).transfers
    assert [first.amount, second.amount] == [5, 6]
    assert first.block == second.block
    assert first.log_index < second.log_index


@pytest.mark.usefixtures("began")
async def test_one_to_itself_is_told_once_and_moves_nothing(anvil: Anvil) -> None:
    _send(anvil, chain.OWNER, chain.OWNER, 3, token=chain.WHOLE)
    (only,) = (await _fetch(anvil)).transfers
    assert (only.direction, only.amount, only.counterparty) == ("self", Decimal(3), chain.OWNER)


@pytest.mark.usefixtures("began")
async def test_an_erc721_token_and_a_token_that_is_not_listed_are_no_transfers(anvil: Anvil) -> None:
    _send(anvil, chain.OWNER, chain.STRANGER, 77, token=NFT)
    _send(anvil, chain.OWNER, chain.STRANGER, 1, token=chain.BYTES32)
    assert (await _fetch(anvil)).transfers == ()


@pytest.mark.usefixtures("began")
async def test_an_amount_that_cannot_be_told_is_unknown_with_its_reason(anvil: Anvil) -> None:
    _send(anvil, chain.OWNER, chain.STRANGER, 9, token=chain.SILENT)
    _send(anvil, chain.OWNER, chain.STRANGER, 2**255, token=chain.HUGE)
    assert [(one.amount, one.reason) for one in (await _fetch(anvil)).transfers] == [
        (None, "unreadable"),
        (None, "out_of_range"),
    ]


@pytest.mark.parametrize("message", ["query returned more than 10000 results", "exceed maximum block range: 50"])
async def test_a_node_that_finds_the_range_too_large_is_asked_for_halves(
    anvil: Anvil, began: int, message: str
) -> None:
    asked: list[int] = []

    def limit(body: Any) -> Reply | None:
        logs = [one for one in body if one["method"] == "eth_getLogs"] if isinstance(body, list) else []
        if not logs:
            return None
        sizes = [int(one["params"][0]["toBlock"], 16) - int(one["params"][0]["fromBlock"], 16) + 1 for one in logs]
        asked.extend(sizes)
        if max(sizes) <= 5:
            return None
        return reply(logs, lambda _: {"error": {"code": -32005, "message": message}})

    _send(anvil, chain.OWNER, chain.STRANGER, 40, token=chain.WHOLE)
    stated = await _fetch(anvil, twist=limit)
    assert [one.amount for one in stated.transfers] == [40]
    assert min(asked) > 1
    assert stated.until.number == began + 1


async def test_a_single_block_that_is_refused_fails_the_fetch(anvil: Anvil, began: int) -> None:
    del began
    refused = {"code": -32005, "message": "query returned more than 10000 results"}

    def refuse(body: Any) -> Reply | None:
        if not _is_about_logs(body):
            return None
        return reply(body, lambda _: {"error": refused})

    with pytest.raises(RateLimitedError):
        await _fetch(anvil, twist=refuse)


def _twisted(anvil: Anvil, **changed: Any) -> Twist:
    """The node's own answer, with fields of each log changed."""

    def answer(call: Any) -> dict[str, Any]:
        return {"result": [log | changed for log in result_of(anvil, call)]}

    def twist(body: Any) -> Reply | None:
        return reply(body, answer) if _is_about_logs(body) else None

    return twist


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("data", "0x"),
        ("data", "0x" + "00" * 64),
        ("data", None),
        ("address", "0x" + "99" * 20),
        ("blockNumber", "0x1"),
        ("blockNumber", None),
        ("blockHash", "0x12"),
        ("transactionHash", 7),
        ("logIndex", "-1"),
        ("topics", []),
        ("topics", None),
        ("topics", ["0x" + "00" * 32] * 3),
    ],
)
@pytest.mark.usefixtures("began")
async def test_a_log_that_is_none_or_was_not_asked_for_fails_the_fetch(anvil: Anvil, field: str, value: Any) -> None:
    _send(anvil, chain.OWNER, chain.STRANGER, 1, token=chain.WHOLE)
    with pytest.raises(UnexpectedResponseError):
        await _fetch(anvil, twist=_twisted(anvil, **{field: value}))


@pytest.mark.usefixtures("began")
async def test_a_log_that_was_taken_back_is_no_transfer(anvil: Anvil) -> None:
    _send(anvil, chain.OWNER, chain.STRANGER, 1, token=chain.WHOLE)
    assert (await _fetch(anvil, twist=_twisted(anvil, removed=True))).transfers == ()


@pytest.mark.usefixtures("began")
async def test_a_reorganisation_while_reading_gives_no_range(anvil: Anvil) -> None:
    before = anvil.ask("evm_snapshot")
    _send(anvil, chain.OWNER, chain.STRANGER, 1, token=chain.WHOLE)

    def reorganise(body: Any) -> Reply | None:
        if isinstance(body, list) and body[0]["method"] == "eth_getBlockByNumber":
            anvil.ask("evm_revert", before)
            anvil.ask("evm_increaseTime", 77)
            anvil.mine()
        return None

    with pytest.raises(ProviderUnavailableError, match="reorganised"):
        await _fetch(anvil, twist=reorganise)


async def test_what_a_reorganisation_undid_is_not_stated_again(anvil: Anvil, began: int) -> None:
    before = anvil.ask("evm_snapshot")
    _send(anvil, chain.OWNER, chain.STRANGER, 11, token=chain.WHOLE)
    first = await _fetch(anvil)
    anvil.ask("evm_revert", before)
    anvil.ask("evm_increaseTime", 77)
    anvil.mine(2)
    second = await _fetch(anvil)
    assert [one.amount for one in first.transfers] == [11]
    assert second.transfers == ()
    assert second.after.number < began < first.until.number < second.until.number


async def test_only_confirmed_blocks_are_read(anvil: Anvil, began: int) -> None:
    _send(anvil, chain.OWNER, chain.STRANGER, 1, token=chain.WHOLE)
    _send(anvil, chain.OWNER, chain.STRANGER, 2, token=chain.WHOLE)
    stated = await _fetch(anvil, confirmation_blocks=1)
    assert [one.amount for one in stated.transfers] == [1]
    assert stated.until.number == began + 1


async def test_after_a_chain_stood_still_the_whole_hour_is_read(anvil: Anvil, began: int) -> None:
    """At the pace of its last thousand blocks an hour would be a few of them."""
    del began
    anvil.ask("evm_increaseTime", 400_000)
    anvil.mine()
    _send(anvil, chain.OWNER, chain.STRANGER, 3, token=chain.WHOLE)
    for _ in range(50):
        anvil.ask("evm_increaseTime", 30)
        anvil.mine()
    stated = await _fetch(anvil)
    assert [one.amount for one in stated.transfers] == [3]
    assert (stated.until.time - stated.after.time).total_seconds() >= 3600


async def test_a_day_of_history_is_the_blocks_between_two_instants(anvil: Anvil, began: int) -> None:
    _send(anvil, chain.OWNER, chain.STRANGER, 5, token=chain.WHOLE)
    earlier = await _fetch(anvil)
    (moved,) = earlier.transfers
    window = JobWindow(start=moved.block.time, end=moved.block.time, every_s=3600)
    anvil.ask("evm_increaseTime", 7200)
    _send(anvil, chain.OWNER, chain.STRANGER, 6, token=chain.WHOLE)
    stated = await _fetch(anvil, window=window)
    assert [one.amount for one in stated.transfers] == [5]
    assert stated.until == moved.block
    assert window.holds(stated.observed_at)
    assert stated.after.number < began


async def test_a_node_that_takes_no_batches_is_asked_one_by_one(anvil: Anvil, began: int) -> None:
    del began
    _send(anvil, chain.OWNER, chain.STRANGER, 8, token=chain.WHOLE)
    stated = await _fetch(
        anvil, twist=lambda body: Reply(status=413, body=b"no batches") if isinstance(body, list) else None
    )
    assert [one.amount for one in stated.transfers] == [8]


@pytest.mark.parametrize(
    ("code", "message", "refused"),
    [
        (-32005, "query returned more than 10000 results", True),
        (-32602, "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range", True),
        (-32614, "eth_getLogs is limited to a 10,000 range", True),
        (-32000, "exceed maximum block range: 5000", True),
        (-32000, "block range is too wide", True),
        (-32701, "exceeds the range allowed for your plan: block range too large", True),
        (-32000, "query timeout exceeded", True),
        (-32005, "daily request count exceeded, request rate limited", False),
        (-32005, "Your app is limited to 330 compute units per second", False),
        (-32000, "header not found", False),
        (429, "too many requests", False),
    ],
)
def test_a_range_that_is_too_large_is_told_from_a_rate_that_is(code: int, message: str, refused: bool) -> None:
    assert is_range_refused(RpcFailure(code=code, message=message)) is refused


def _is_about_logs(body: Any) -> bool:
    return isinstance(body, list) and body[0]["method"] == "eth_getLogs"


def _send(anvil: Anvil, sender: str, receiver: str, raw: int, *, token: str) -> str:
    padded = bytes.fromhex(receiver[2:]).rjust(32, b"\0")
    return anvil.send(sender, token, TRANSFER.to_bytes(4, "big") + padded + word(raw))


async def _fetch(
    anvil: Anvil, *, twist: Twist | None = None, confirmation_blocks: int = 0, window: JobWindow | None = None
) -> TransferRange:
    provider = build_for_chain(
        anvil,
        twist=twist,
        tokens=TOKENS,
        confirmation_blocks=confirmation_blocks,
        transfers_back_s=3600,
        transfers_of_coin=False,
    )
    return await fetch_range(provider, window)
