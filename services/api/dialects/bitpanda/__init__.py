"""Bitpanda Custody's portfolio query, answered from our own data: the key's portfolio, now and at any hour."""
