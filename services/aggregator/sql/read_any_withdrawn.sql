-- Whether any price was ever taken back: where none was, prices are kept and lines are valued by half the work.
SELECT count() > 0 FROM price_withdrawals
