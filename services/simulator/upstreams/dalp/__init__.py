"""DALP: the securities of a participant and the statistics of its portfolio, behind an API key."""

from services.simulator.upstreams.dalp.service import ORGANIZATION, Dalp

__all__ = ["ORGANIZATION", "Dalp"]
