"""DALP's portfolio statistics and asset balances, answered from our own data for the portfolio of an API key."""
