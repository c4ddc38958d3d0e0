"""What was gained and by what: flows, returns and attribution, all of one book of a portfolio's ledgers."""
