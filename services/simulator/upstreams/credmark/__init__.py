"""Credmark's portfolio API: what the tokens of Ethereum wallets are worth and have returned, in doubles."""

from services.simulator.upstreams.credmark.service import Credmark

__all__ = ["Credmark"]
