"""A price feed: what each asset of the world costs in USD now."""

from services.simulator.upstreams.prices.feed import PriceFeed

__all__ = ["PriceFeed"]
