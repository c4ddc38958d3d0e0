"""Holdfast: balances as events, totals and history in ClickHouse.

This package is the library. It holds the vocabulary (`domain`), everything that crosses
NATS (`events`), and what the services are built from. A downstream subscriber needs only
`holdfast.events` and `holdfast.domain`.
"""
