"""What a portfolio is worth, now or as known at some time, and that by one axis."""
