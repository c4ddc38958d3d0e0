"""What portfolios have returned, for SQL: worked out once a day is over, and again when something of it comes late."""
