"""Tenants, keys, portfolios, accounts and schedules: validated in one place, stored in KV, watched."""
