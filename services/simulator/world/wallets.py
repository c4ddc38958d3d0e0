"""The wallets: who they are and where. Each twelve are one cohort with the same cast of roles."""

from msgspec import Struct

from holdfast.domain.accounts import checksum_address
from services.simulator.world.chains import ARBITRUM, BASE, ETHEREUM, POLYGON, SOLANA, Chain
from services.simulator.world.draws import digest

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class Role(Struct, frozen=True, kw_only=True):
    """What the wallets at one place of every cohort have in common."""

    label: str
    chain: Chain
    positions: tuple[str, ...] = ()
    """Templates of services.simulator.world.positions."""
    okx: bool = True
    """Whether its owner tracks its DeFi positions, empty or not."""


COHORT = (
    Role(label="lending desk", chain=ETHEREUM, positions=("aave",)),
    Role(label="staking", chain=ETHEREUM, positions=("lido", "aave")),
    Role(label="liquidity", chain=ETHEREUM, positions=("uniswap",)),
    Role(label="long term", chain=ETHEREUM, positions=("curve", "sablier")),
    Role(label="payroll", chain=ETHEREUM),
    Role(label="cold storage", chain=ETHEREUM, okx=False),
    Role(label="polygon savings", chain=POLYGON, positions=("polygon-aave",)),
    Role(label="polygon spending", chain=POLYGON, okx=False),
    Role(label="base liquidity", chain=BASE, positions=("base-uniswap",)),
    Role(label="arbitrum margin", chain=ARBITRUM, positions=("arbitrum-aave",)),
    Role(label="arbitrum trading", chain=ARBITRUM, positions=("gmx",)),
    Role(label="solana staking", chain=SOLANA, positions=("marinade",)),
)
"""Base and Ethereum lending share one address: one key, two chains, two accounts."""

_SAME_KEY = {8: 0}


class Wallet(Struct, frozen=True, kw_only=True):
    number: int
    role: Role
    address: str
    """EIP-55 or base58: as its owner writes it."""

    @property
    def chain(self) -> Chain:
        return self.role.chain

    @property
    def spelling(self) -> str:
        """CAIP-10 as its owner writes it."""
        return f"{self.chain.id}:{self.address}"

    @property
    def account(self) -> str:
        """CAIP-10 as it is compared: 0x addresses in lower case, Solana's as they are."""
        return f"{self.chain.id}:{self.address.lower() if self.chain.is_evm else self.address}"

    @property
    def label(self) -> str:
        return f"{self.role.label} {self.number}"


def build_wallets(seed: int, count: int) -> tuple[Wallet, ...]:
    return tuple(_wallet(seed, number) for number in range(count))


def _wallet(seed: int, number: int) -> Wallet:
    cohort, place = divmod(number, len(COHORT))
    role = COHORT[place]
    owner = cohort * len(COHORT) + _SAME_KEY.get(place, place)
    return Wallet(number=number, role=role, address=address_on(role.chain, seed, f"wallet/{owner}"))


def address_on(chain: Chain, seed: int, name: str) -> str:
    """Of whoever is called `name`: EIP-55, or base58 on Solana."""
    if chain is SOLANA:
        return _base58(digest(seed, name, 32))
    return checksum_address("0x" + digest(seed, name, 20).hex())


def _base58(raw: bytes) -> str:
    number, text = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = _BASE58[digit] + text
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + text
