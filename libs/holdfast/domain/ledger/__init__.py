"""The ledger: what came in and went out of each source, worked out from what it stated."""
