"""DefiLlama's coins: prices now and at instants of the past."""

from services.simulator.upstreams.defillama.service import Defillama

__all__ = ["Defillama"]
