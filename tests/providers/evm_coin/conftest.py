"""A chain on which coins are paid, paid out and refused; what each test does on it is in blocks of its own."""

from collections.abc import Iterator

import pytest

from tests.providers import evm_chain as chain
from tests.providers.evm_asking import begin
from tests.providers.evm_coin.telling import ETHER, FAILING, PAYING
from tests.support.anvil import Anvil
from tests.support.bytecode import REVERT, assemble
from tests.support.coins import fund, pays_out


@pytest.fixture(scope="module")
def anvil(anvil: Anvil) -> Anvil:
    fund(anvil, chain.OWNER, 10 * ETHER)
    fund(anvil, chain.STRANGER, 10**6 * ETHER)
    fund(anvil, PAYING, 10**6 * ETHER)
    anvil.put_code(FAILING, assemble(*REVERT))
    anvil.put_code(PAYING, pays_out(chain.OWNER, 3 * ETHER))
    anvil.mine()
    return anvil


@pytest.fixture
def began(anvil: Anvil) -> int:
    return begin(anvil, blocks=5)


@pytest.fixture
def held(anvil: Anvil) -> Iterator[None]:
    """Transactions wait for `mine`, to share a block."""
    anvil.hold_blocks(True)
    yield
    anvil.hold_blocks(False)
