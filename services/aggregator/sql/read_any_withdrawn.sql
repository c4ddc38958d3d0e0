-- Whether any price was ever taken back: where none was, lines are valued by a statement of half the work.
SELECT count() > 0 FROM withdrawn_prices
