"""Prices in USD, or any quote, from CSV files and simple HTTP feeds."""

from holdfast.providers.prices.provider import MANIFEST, build

__all__ = ["MANIFEST", "build"]
