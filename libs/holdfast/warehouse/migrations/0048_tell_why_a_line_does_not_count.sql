-- Every current line of every portfolio: from the latest snapshot of each counted source, reached through
-- latest_snapshots, so that a half-written snapshot is never seen. A wallet line of a token that another
-- source of the account lists positions for is marked `receipt_token`: it is shown, and counts nowhere. A line without a
-- price whose feed is refused for asking too often is `rate_limited`; one of an asset that the tenant's rules leave out
-- is `excluded`, and counts nowhere.
CREATE OR REPLACE VIEW latest_positions AS
WITH
    current AS
    (
        SELECT
            m.tenant      AS tenant,
            m.portfolio   AS portfolio,
            m.account     AS account,
            m.provider    AS provider,
            m.scope       AS scope,
            s.source      AS source,
            s.observed_at AS observed_at,
            s.fetched_at  AS fetched_at,
            s.snapshot_id AS snapshot_id,
            groupArrayArray(arrayMap(asset -> (asset, s.source), s.covers))
                OVER (PARTITION BY m.tenant, m.portfolio, m.account) AS covered
        FROM portfolio_sources AS m
        INNER JOIN latest_snapshots AS s FINAL ON s.source = m.source
    ),
    ruled_out AS (SELECT toString(tenant), toString(portfolio), arrayJoin(excluded) FROM registry_portfolios FINAL),
    throttled AS (SELECT DISTINCT asset FROM throttled_prices WHERE since <= now64(3) AND now64(3) < until),
    judged AS
    (
        SELECT
            c.tenant      AS tenant,
            c.portfolio   AS portfolio,
            c.account     AS account,
            c.provider    AS provider,
            c.scope       AS scope,
            c.fetched_at  AS fetched_at,
            b.*,
            multiIf(
                b.kind = 'wallet' AND arrayExists(pair -> pair.1 = b.asset AND pair.2 != b.source, c.covered),
                'receipt_token',
                b.reason IN ('no_price', 'stale') AND b.priced_by != '' AND hasAny((SELECT groupArray(asset) FROM throttled), [toString(b.priced_by), '*']),
                'rate_limited',
                b.reason
            ) AS why,
            why != 'receipt_token' AND (c.tenant, c.portfolio, ifNull(toString(b.asset), '')) IN (SELECT * FROM ruled_out) AS excluded,
            if(excluded, 'excluded', why) AS verdict
        FROM balances AS b FINAL
        INNER JOIN current AS c ON c.source = b.source
        WHERE (b.source, b.observed_at, b.snapshot_id) IN (SELECT source, observed_at, snapshot_id FROM latest_snapshots FINAL)
    )
SELECT
    tenant,
    portfolio,
    source,
    line,
    account,
    provider,
    scope,
    asset,
    symbol,
    asset_type,
    asset_class,
    chain,
    platform,
    position,
    kind,
    side,
    amount,
    price_usd,
    value_usd,
    price_source,
    price_at,
    verdict AS reason,
    toBool(verdict != 'receipt_token' AND NOT excluded) AS counted,
    truncated,
    observed_at,
    fetched_at,
    snapshot_id
FROM judged;
