"""Which assets count in totals, and what a total would be under other rules."""
