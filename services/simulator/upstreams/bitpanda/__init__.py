"""Bitpanda Custody: what a user has in custody, over GraphQL, now and hour by hour since 2021."""

from services.simulator.upstreams.bitpanda.service import Bitpanda

__all__ = ["Bitpanda"]
