"""Tokenised securities: what the participants of an issuing platform hold, wallet by wallet, frozen or not.

The tokens live outside the wallets of the other worlds: no node and no price feed knows them, only their platform
does. A participant has two linked wallets, and some of each token goes back and forth between them.
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from holdfast.domain.accounts import checksum_address
from services.simulator.world.chains import POLYGON, Chain
from services.simulator.world.curves import Fixed, Holding, Moved, held
from services.simulator.world.draws import between, digest
from services.simulator.world.instants import at_second, since_genesis
from services.simulator.world.numbers import EXACT, cut, product, total
from services.simulator.world.prices import PricePath, price_at

CHAIN: Chain = POLYGON
STATED_DECIMALS = 2
"""Money is stated to the cent."""


class Security(Struct, frozen=True, kw_only=True):
    symbol: str
    name: str
    type: str
    """Its template on the platform: an open set."""
    asset_class: str
    decimals: int
    path: PricePath
    usual: int
    """About how many whole units a participant has."""
    frozen_percent: int = 0
    """Of what is in the first wallet."""
    matures_s: int = 0
    """Held for the first half of each such period only; 0 is always."""

    @property
    def address(self) -> str:
        return checksum_address("0x" + digest(0, f"security/{self.symbol}", 20).hex())

    @property
    def asset(self) -> str:
        return f"{CHAIN.id}/erc20:{self.address.lower()}"


def _path(name: str, base: str, swing_ppm: int) -> PricePath:
    return PricePath(name=name, base=Decimal(base), step_s=3_600, swing_ppm=swing_ppm)


SECURITIES = (
    Security(
        symbol="HB31", name="Harbour Bond 2031", type="bond", asset_class="fixed-income", decimals=6,
        path=_path("HB31", "1003.25", 15_000), usual=2_000, frozen_percent=25,
    ),
    Security(
        symbol="GRN28", name="Green Bond 2028", type="bond", asset_class="fixed-income", decimals=2,
        path=_path("GRN28", "98.4", 20_000), usual=9_000, matures_s=5 * 86_400,
    ),
    Security(
        symbol="ORCH", name="Orchard Shares", type="equity", asset_class="flexible-income", decimals=0,
        path=_path("ORCH", "41.87", 200_000), usual=30_000, frozen_percent=10,
    ),
    Security(
        symbol="WIND", name="Wind Farm Royalty", type="wind-royalty", asset_class="real-assets", decimals=18,
        path=_path("WIND", "7.1", 90_000), usual=5_000,
    ),
)  # fmt: skip


class Participant(Struct, frozen=True, kw_only=True):
    """A customer of the platform, with all linked wallets."""

    id: str
    """pp_ and a UUID."""
    wallets: tuple[str, ...]

    @property
    def account(self) -> str:
        return f"dalp:{self.id}"


class InWallet(Struct, frozen=True, kw_only=True):
    wallet: str
    amount: Decimal
    frozen: Decimal


class Holdings(Struct, frozen=True, kw_only=True):
    """One security of a participant at an instant."""

    security: Security
    wallets: tuple[InWallet, ...]
    value: Decimal
    """USD, to the cent."""

    @property
    def amount(self) -> Decimal:
        return total([one.amount for one in self.wallets])

    @property
    def frozen(self) -> Decimal:
        return total([one.frozen for one in self.wallets])


def build_participants(seed: int) -> tuple[Participant, ...]:
    identity = UUID(bytes=digest(seed, "participant/0", 16), version=4)
    wallets = tuple(checksum_address("0x" + digest(seed, f"participant/0/{n}", 20).hex()) for n in range(2))
    return (Participant(id=f"pp_{identity}", wallets=wallets),)


def holdings_at(seed: int, participant: Participant, instant: datetime) -> list[Holdings]:
    """What is held, in the order of SECURITIES: nothing of what has matured."""
    return [
        _holdings(seed, participant, security, instant) for security in SECURITIES if not _matured(security, instant)
    ]


def worth_at(seed: int, participant: Participant, instant: datetime) -> Decimal:
    """USD, to the cent."""
    return total([one.value for one in holdings_at(seed, participant, instant)])


def _matured(security: Security, instant: datetime) -> bool:
    period = security.matures_s
    return bool(period) and since_genesis(instant) % period >= period // 2


def _holdings(seed: int, participant: Participant, security: Security, instant: datetime) -> Holdings:
    name = f"{participant.id}/{security.symbol}"
    unit = 10**security.decimals
    opening = between(seed, f"{name}/opening", security.usual * unit // 2, security.usual * unit)
    moved = Moved(name=name, cap=opening // 3, period_s=7_200)
    hour = at_second(since_genesis(instant) // 3_600 * 3_600)
    first, second = Holding(plus=(Fixed(raw=opening),), minus=(moved,)), Holding(plus=(moved,))
    raws = [held(seed, holding, hour) for holding in (first, second)]
    frozen = [raws[0] * security.frozen_percent // 100, 0]
    wallets = tuple(
        InWallet(wallet=wallet, amount=_units(raw, security), frozen=_units(locked, security))
        for wallet, raw, locked in zip(participant.wallets, raws, frozen, strict=True)
        if raw
    )
    price = price_at(seed, security.path, instant).price
    return Holdings(
        security=security,
        wallets=wallets,
        value=cut(product(_units(sum(raws), security), price), STATED_DECIMALS),
    )


def _units(raw: int, security: Security) -> Decimal:
    return EXACT.scaleb(Decimal(raw), -security.decimals)
