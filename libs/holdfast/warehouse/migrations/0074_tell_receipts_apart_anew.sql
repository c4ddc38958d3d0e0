-- What a source has of a token in its wallet and otherwise is two lines from the beginning on, where another source of
-- the account may stand for the former: flows of both at one instant were valued together until it first did. What was
-- said of closed days before is worked out again by the aggregator, the newest day first.
TRUNCATE TABLE IF EXISTS closed_days;
