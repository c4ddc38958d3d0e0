"""OKX OnchainOS: signed requests for the DeFi positions of wallets (v5, v6) and for token clusters."""

from services.simulator.upstreams.okx.credentials import Credential
from services.simulator.upstreams.okx.service import Okx

__all__ = ["Credential", "Okx"]
