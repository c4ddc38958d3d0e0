"""Credmark's portfolio API, answered from our own data: positions, values and returns of accounts at a block."""
