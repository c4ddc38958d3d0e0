"""What the provider tells of a chain's coin, beside what the node itself says of the balance."""

from typing import Any

from holdfast.domain.jobs import JobWindow
from holdfast.domain.transfers import CoinMovement, CoinMovements, TransferRange
from tests.providers import evm_chain as chain
from tests.providers.evm_asking import Twist, build_for_chain, fetch_range
from tests.support.anvil import Anvil
from tests.support.coins import balance_at

ETHER = 10**18
FAILING, PAYING = "0x" + "f1" * 20, "0x" + "f2" * 20
"""Contracts: one takes nothing, one pays the account 3 coins whenever it is called."""
Part = tuple[str, str, int, str, str]
"""Cause, direction, wei, counterparty, transaction."""


async def told_of(anvil: Anvil, *, twist: Twist | None = None, **of_chain: Any) -> CoinMovements:
    stated = await fetch(anvil, twist=twist, **of_chain)
    assert stated.coin is not None
    return stated.coin


async def fetch(
    anvil: Anvil, *, twist: Twist | None = None, window: JobWindow | None = None, **of_chain: Any
) -> TransferRange:
    """With settings of the chain besides the address of the node."""
    return await fetch_range(build_for_chain(anvil, twist=twist, **of_chain), window)


def parts_of(told: CoinMovements) -> list[Part]:
    return [(one.cause, one.direction, _wei(one), one.counterparty, one.tx_hash) for one in told.movements]


def assert_adds_up(anvil: Anvil, told: CoinMovements, until: int) -> None:
    """Block by block, and in all: to what the node itself says the balance was."""
    signs = {"in": 1, "out": -1, "self": 0}
    for number in {one.block.number for one in told.movements}:
        moved = sum(signs[one.direction] * _wei(one) for one in told.movements if one.block.number == number)
        assert moved == balance_at(anvil, chain.OWNER, number) - balance_at(anvil, chain.OWNER, number - 1)
    moved = sum(signs[one.direction] * _wei(one) for one in told.movements)
    assert moved == balance_at(anvil, chain.OWNER, until) - balance_at(anvil, chain.OWNER, told.after.number)


def _wei(one: CoinMovement) -> int:
    assert one.amount is not None
    return int(one.amount.scaleb(18))
