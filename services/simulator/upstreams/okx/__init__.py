"""OKX OnchainOS: signed requests for the DeFi positions of wallets, generations v5 and v6."""

from services.simulator.upstreams.okx.credentials import Credential
from services.simulator.upstreams.okx.service import Okx

__all__ = ["Credential", "Okx"]
