"""Answers about the coin that change, lack or cannot be: what they make of a fetch, and what is read again."""

from typing import Any

import pytest

from holdfast.providers import evm
from holdfast.providers.evm.settings import ChainSettings, EvmSettings
from holdfast.providers.kit.errors import ProviderUnavailableError, UnexpectedResponseError
from holdfast.providers.kit.exchange import RecordedResponse, open_exchange
from holdfast.providers.kit.replaying import KeptAnswer, ReplayClock, ReplaySession
from holdfast.providers.kit.testing import Reply
from holdfast.settings import Secret
from tests.providers import evm_chain as chain
from tests.providers.evm_asking import build_for_chain, calls, fetch_range, reply, result_of, target
from tests.providers.evm_coin.telling import fetch, parts_of, told_of
from tests.support.anvil import Anvil
from tests.support.coins import fee_of, pay


@pytest.mark.usefixtures("began")
async def test_what_a_reorganisation_undid_is_not_told_again(anvil: Anvil) -> None:
    before = anvil.ask("evm_snapshot")
    pay(anvil, chain.STRANGER, chain.OWNER, 11)
    first = await told_of(anvil)
    anvil.ask("evm_revert", before)
    sent = pay(anvil, chain.STRANGER, chain.OWNER, 12)
    second = await told_of(anvil)
    assert [part[2] for part in parts_of(first)] == [11]
    assert parts_of(second) == [("transfer", "in", 12, chain.STRANGER, sent)]
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
        await fetch(anvil, twist=reorganise)
    assert replaced


@pytest.mark.usefixtures("began")
async def test_receipts_that_are_not_found_by_their_hash_are_found_in_their_block(anvil: Anvil) -> None:
    """As of a node that has old blocks, and no index of their transactions."""
    sent = pay(anvil, chain.OWNER, chain.STRANGER, 9)
    back = pay(anvil, chain.STRANGER, chain.OWNER, 4)

    def without_index(body: Any) -> Reply | None:
        if calls(body)[0]["method"] != "eth_getTransactionReceipt":
            return None
        return reply(body, lambda _: {"result": None})

    assert parts_of(await told_of(anvil, twist=without_index)) == [
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

    def of_each(call: Any) -> dict[str, Any]:
        return {"result": answer if method in call["method"] else result_of(anvil, call)}

    def twist(body: Any) -> Reply | None:
        return reply(body, of_each) if any(method in one["method"] for one in calls(body)) else None

    with pytest.raises(error):
        await fetch(anvil, twist=twist)


@pytest.mark.usefixtures("began")
async def test_a_node_that_takes_no_batches_is_asked_one_by_one(anvil: Anvil) -> None:
    sent = pay(anvil, chain.STRANGER, chain.OWNER, 8)
    told = await told_of(
        anvil, twist=lambda body: Reply(status=413, body=b"no batches") if isinstance(body, list) else None
    )
    assert parts_of(told) == [("transfer", "in", 8, chain.STRANGER, sent)]


@pytest.mark.usefixtures("began")
async def test_what_was_kept_is_told_alike_when_it_is_read_again_with_or_without_the_coin(anvil: Anvil) -> None:
    pay(anvil, chain.OWNER, chain.STRANGER, 8)
    for asked_then in (True, False):
        with open_exchange() as exchange:
            provider = build_for_chain(anvil, transfers_of_coin=asked_then)
            (stated,) = (await provider.fetch(target("transfers"))).transfers
        clock = ReplayClock()
        session = ReplaySession(provider="evm", clock=clock)
        settings = EvmSettings(chains={"31337": ChainSettings(rpc_url=Secret(anvil.url))})
        provider = evm.build(settings, session, clock)
        session.load(exchange.responses[0].sent_at, [_kept(response) for response in exchange.responses])
        again = await fetch_range(provider)
        assert (again.coin, again.transfers, again.raw) == (stated.coin, stated.transfers, stated.raw)
        assert (again.coin is not None) is asked_then


def _kept(response: RecordedResponse) -> KeptAnswer:
    return KeptAnswer(**{name: getattr(response, name) for name in KeptAnswer.__struct_fields__})
