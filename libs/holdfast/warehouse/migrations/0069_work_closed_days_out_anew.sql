-- A time-weighted return for which a worth is unknown says so now, also beside a debt: it was called negative capital.
-- What was said of closed days before is worked out again by the aggregator, the newest day first.
TRUNCATE TABLE IF EXISTS closed_days;
