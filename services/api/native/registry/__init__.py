"""What is set up, and how fetching it goes: portfolios, accounts, watches, sources, fetches."""
