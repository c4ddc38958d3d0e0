"""What was gained: each method a module, all on one Book of ledger entries and valuations."""
