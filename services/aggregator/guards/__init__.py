"""What is compared once a batch is stored: statements with each other, totals with those before them."""
