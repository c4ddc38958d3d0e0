"""What is told of an asset, whoever holds it: its prices, and who holds it together."""
