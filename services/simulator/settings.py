"""`[simulator]`"""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from holdfast.settings import Secret
from holdfast.settings.shared import Port

Host = Annotated[str, Meta(min_length=1)]


class SimulatorSettings(Struct, frozen=True, kw_only=True):
    """Port 0 takes a free one."""

    host: Host = "127.0.0.1"
    port: Port = 8090
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 7
    """Another seed, another world."""
    wallets: Annotated[int, Meta(ge=12, le=100_000)] = 12
    """Twelve are the demo; a larger world has the same twelve and more like them."""
    clock_start: Annotated[datetime, Meta(tz=True)] | None = None
    """ISO 8601 with a zone, 2020 or later; now if left out."""
    clock_rate: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    """World seconds in a real second."""
    clock_frozen: bool = False
    fetch_every_s: Annotated[int, Meta(ge=0, le=86400)] = 0
    """How often each source of the demo is to be fetched; 0: each at its own pace, as every 30 s."""
    okx_api_key: str = "simulator-key"
    okx_secret_key: Secret = Secret("simulator-secret")
    okx_passphrase: Secret = Secret("simulator-passphrase")
    okx_requests_per_second: Annotated[int, Meta(ge=0, le=100_000)] = 10
    """Above it OKX answers 50011; 0 is no limit."""
    bitpanda_api_key: str = "simulator-custody-key"
    dalp_api_key: str = "sm_dalp_simulator"
    credmark_api_key: str = "simulator-credmark-key"
    evm_batch_limit: Annotated[int, Meta(ge=1, le=100_000)] = 1000
    """JSON-RPC requests in one batch."""
    coingecko_api_key: str = "simulator-key"
    coingecko_requests_per_minute: Annotated[int, Meta(ge=0, le=100_000)] = 100
    """As the demo plan has it; above it CoinGecko answers 429; 0 is no limit."""
