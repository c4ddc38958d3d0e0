-- A flow whose units only moved from one account of the portfolio to another is no flow of its returns: each says how
-- much of it is one. Lines that were stated in a currency without a rate had the feed's price of the asset in the ledger,
-- and none in totals: they have none in either now. What was said of closed days before is worked out again by the
-- aggregator, the newest day first.
TRUNCATE TABLE IF EXISTS closed_days;

ALTER TABLE closed_days ADD COLUMN IF NOT EXISTS portions Array(Tuple(
    crossed Nullable(Decimal(76, 36)), moved Nullable(Decimal(76, 36)), requoted Nullable(Decimal(76, 36)))); -- of flows

-- Everything that came into (+) and went out of (-) the sources of a portfolio on closed days, in US dollars.
CREATE OR REPLACE VIEW portfolio_flows AS
SELECT
    tenant,
    portfolio,
    day,
    one.at        AS at,
    one.source    AS source,
    one.account   AS account,
    one.asset     AS asset,
    one.side      AS side,
    one.delta     AS delta,
    one.held      AS held,
    one.price     AS price,
    one.value     AS value,
    one.reason    AS reason,
    one.transfer  AS transfer,
    part.crossed  AS crossed,
    part.moved    AS moved,
    part.requoted AS requoted,
    computed_at
FROM closed_days FINAL
ARRAY JOIN flows AS one, portions AS part
WHERE span = 'day';
