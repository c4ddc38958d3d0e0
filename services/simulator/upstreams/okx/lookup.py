"""From what was asked (chain index, address) to wallets of the world."""

import re
from collections.abc import Iterable

from msgspec import Struct

from holdfast.providers.okx.wire import Wallet as AskedWallet
from services.simulator.upstreams.okx.errors import OkxError
from services.simulator.world.chains import Chain
from services.simulator.world.wallets import Wallet
from services.simulator.world.world import World

_EVM = re.compile(r"0x[0-9a-fA-F]{40}")
_BASE58 = re.compile(r"[1-9A-HJ-NP-Za-km-z]{32,44}")


class Asked(Struct, frozen=True, kw_only=True):
    """One entry of `walletAddressList`; `wallet` is None for a stranger."""

    chain: Chain
    address: str
    wallet: Wallet | None

    @property
    def account(self) -> str:
        return self.wallet.account if self.wallet is not None else ""


def find_wallets(world: World, entries: Iterable[AskedWallet]) -> list[Asked]:
    """Raises OkxError 84000 for a chain that is not supported, 84019 for an address of another kind of chain."""
    return [_find(world, entry) for entry in entries]


def _find(world: World, entry: AskedWallet) -> Asked:
    chain = next((chain for chain in world.chains if chain.index == entry.chain_index), None)
    if chain is None:
        raise OkxError("84000", f"Parameter chainIndex {entry.chain_index} error")
    if not (_EVM if chain.is_evm else _BASE58).fullmatch(entry.wallet_address):
        raise OkxError("84019", "Address format error: the address does not match the chain")
    # 0x addresses are one whatever their case; Solana's are not.
    compared = entry.wallet_address.lower() if chain.is_evm else entry.wallet_address
    return Asked(chain=chain, address=entry.wallet_address, wallet=world.by_address.get((chain.id, compared)))
