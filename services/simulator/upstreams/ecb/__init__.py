"""The European Central Bank's reference rates: the tables of its site, and the CSV of its Data Portal."""

from services.simulator.upstreams.ecb.service import Ecb

__all__ = ["Ecb"]
