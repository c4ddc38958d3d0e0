"""CoinGecko's demo plan: current prices of coins and contracts, and their history."""

from services.simulator.upstreams.coingecko.service import Coingecko

__all__ = ["Coingecko"]
