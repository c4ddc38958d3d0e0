-- A portfolio that was removed is not worth anything now, and was worth what it was: what tells of now does not list it any
-- more, and its history (value_series, portfolio_jumps, portfolio_explained, and closed days) stays as it stood when it was
-- removed. Until now every point of one became 0, which nobody had stated; that is all that is left of those, and goes.
DELETE FROM portfolio_totals
WHERE (tenant, portfolio) IN (SELECT tenant, portfolio FROM registry_portfolios FINAL WHERE deleted);

-- What each portfolio is worth now: its newest point, with the quality of what went into it.
CREATE OR REPLACE VIEW portfolio_value AS
WITH
throttled AS
(
    SELECT asset, since, until
    FROM throttled_prices_as_known(since = now64(3), until = now64(3), known_at = now64(3))
),
points AS
(
    SELECT
        *,
        now64(3) AS asked_at,
        arrayFilter(
            wait -> arrayExists(
                spell -> spell.1 IN ('*', substring(wait, position(wait, ' ') + 1))
                    AND spell.2 <= asked_at AND asked_at < spell.3,
                (SELECT groupUniqArray((asset, since, until)) FROM throttled)),
            mapKeys(waits)) AS late,
        CAST(mapFilter((why, lines) -> lines > 0, mapApply(
            (why, lines) -> (why, toUInt64(lines + arraySum(arrayMap(
                wait -> multiIf(why = 'rate_limited', toInt64(waits[wait]),
                                startsWith(wait, concat(why, ' ')), -toInt64(waits[wait]), 0),
                late)))),
            mapUpdate(map('rate_limited', toUInt64(0)), CAST(reasons, 'Map(String, UInt64)')))),
            'Map(LowCardinality(String), UInt64)') AS told
    FROM portfolio_totals FINAL
    WHERE (bucket <= now() OR sources_observed > 0)
      AND (tenant, portfolio) NOT IN (SELECT tenant, portfolio FROM registry_portfolios FINAL WHERE deleted)
)
SELECT
    tenant,
    portfolio,
    bucket,
    assets,
    debt,
    net,
    lines,
    lines_unpriced,
    lines_excluded,
    lines_truncated,
    sources,
    sources_observed,
    sources_missing,
    told AS reasons,
    as_of,
    oldest_input,
    computed_at
FROM points
ORDER BY bucket DESC
LIMIT 1 BY tenant, portfolio;

-- The newest point of each portfolio by every axis. Total and breakdown are one stored row, so the sum over
-- the keys of an axis is the portfolio's total, to the last digit.
CREATE OR REPLACE VIEW portfolio_breakdown AS
SELECT
    tenant,
    portfolio,
    bucket,
    part.axis               AS axis,
    part.key                AS key,
    part.assets             AS assets,
    part.debt               AS debt,
    part.assets - part.debt AS net,
    part.lines              AS lines,
    part.lines_unpriced     AS lines_unpriced
FROM
(
    SELECT tenant, portfolio, bucket, breakdown
    FROM portfolio_totals FINAL
    WHERE (bucket <= now() OR sources_observed > 0)
      AND (tenant, portfolio) NOT IN (SELECT tenant, portfolio FROM registry_portfolios FINAL WHERE deleted)
    ORDER BY bucket DESC
    LIMIT 1 BY tenant, portfolio
)
ARRAY JOIN breakdown AS part;

-- What a stored point is made of: by the membership that it was computed from, which is the last one where a portfolio
-- was removed.
CREATE OR REPLACE VIEW portfolio_explained AS
WITH
    (
        SELECT max(bucket) FROM portfolio_totals
        WHERE tenant = {tenant:String} AND portfolio = {portfolio:String} AND bucket <= {at:DateTime64(3, 'UTC')}
    ) AS hour,
    toDateTime64(hour + INTERVAL 1 HOUR, 3, 'UTC') AS hour_end,
    ruled_out AS
    (
        SELECT arrayJoin(excluded) AS asset
        FROM registry_portfolios FINAL
        WHERE tenant = {tenant:String} AND portfolio = {portfolio:String}
    ),
    members AS
    (
        SELECT source, any(account) AS account, any(provider) AS provider, any(scope) AS scope
        FROM registry_portfolio_sources
        WHERE tenant = {tenant:String} AND portfolio = {portfolio:String} AND valid_from < hour_end AND hour_end <= valid_to
            AND revision =
            (
                SELECT max(revision) FROM registry_portfolio_revisions
                WHERE tenant = {tenant:String} AND portfolio = {portfolio:String} AND NOT deleted
            )
        GROUP BY source
    ),
    statements AS
    (
        SELECT *
        FROM
        (
            SELECT
                source, observed_at, snapshot_id, max(s.fetched_at) AS fetched_at, min(s.recorded_at) AS recorded_at,
                min(s.stream_seq) AS stream_seq, max(s.job_id) AS job_id, groupUniqArrayArray(s.raw) AS raw,
                any(s.covers) AS covers
            FROM snapshots AS s
            WHERE source IN (SELECT source FROM members) AND observed_at < hour_end
            GROUP BY source, observed_at, snapshot_id
        )
        ORDER BY observed_at DESC, fetched_at DESC, snapshot_id DESC
        LIMIT 1 BY source
    ),
    standing AS
    (
        SELECT
            s.*, m.account AS account, m.provider AS provider, m.scope AS scope,
            groupArrayArray(arrayMap(asset -> (asset, s.source), s.covers)) OVER (PARTITION BY m.account) AS covering
        FROM statements AS s
        INNER JOIN members AS m ON m.source = s.source
    ),
    fetched AS
    (
        SELECT job_id, argMax((started_at, finished_at, requests), (finished_at, event_id)) AS last
        FROM fetches
        WHERE tenant = {tenant:String} AND outcome = 'finished' AND job_id IN (SELECT job_id FROM statements)
        GROUP BY job_id
    ),
    brought AS
    (
        SELECT
            asset, at, prices.source AS source,
            argMax((price, event_id, recorded_at, job_id), (fetched_at, event_id, price)) AS claim
        FROM prices
        WHERE quote = 'iso4217:USD' AND (asset, at) IN
        (
            SELECT priced_by, assumeNotNull(price_at)
            FROM balances FINAL
            WHERE (source, observed_at, snapshot_id) IN (SELECT source, observed_at, snapshot_id FROM statements)
                AND priced_by != '' AND price_at IS NOT NULL
        )
        GROUP BY asset, at, source
    )
SELECT
    {tenant:String} AS tenant, {portfolio:String} AS portfolio, hour AS bucket,
    b.source AS source, b.line AS line, s.account AS account, s.provider AS provider, s.scope AS scope,
    b.asset AS asset, b.symbol AS symbol, b.asset_type AS asset_type, b.asset_class AS asset_class, b.chain AS chain,
    b.platform AS platform, b.position AS position, b.kind AS kind, b.side AS side, b.amount AS amount,
    b.price_usd AS price_usd, b.value_usd AS value_usd,
    multiIf(
        b.kind = 'wallet' AND arrayExists(pair -> pair.1 = b.asset AND pair.2 != b.source, s.covering), 'receipt_token',
        ifNull(toString(b.asset), '') IN (SELECT asset FROM ruled_out), 'excluded',
        toString(b.reason)) AS reason,
    -- A line that its provider says is excluded has no value and counts as one without: only rules leave a line out.
    toBool(reason != 'receipt_token' AND ifNull(toString(b.asset), '') NOT IN (SELECT asset FROM ruled_out)) AS counted,
    b.truncated AS truncated,
    b.observed_at AS observed_at, s.fetched_at AS fetched_at, s.recorded_at AS recorded_at,
    b.snapshot_id AS snapshot_id, s.stream_seq AS stream_seq,
    s.job_id AS job_id,
    if(f.job_id = '', NULL, f.last.1) AS fetch_started_at,
    if(f.job_id = '', NULL, f.last.2) AS fetch_finished_at,
    if(f.job_id = '', NULL, f.last.3) AS fetch_requests,
    arraySort(s.raw) AS raw,
    toString(b.price_source) AS price_source, b.price_at AS price_at, toString(b.priced_by) AS priced_by,
    if(p.asset = '', NULL, p.claim.1) AS feed_price,
    p.claim.2 AS price_event_id,
    if(p.asset = '', NULL, p.claim.3) AS price_recorded_at,
    p.claim.4 AS price_job_id
FROM
(
    SELECT * FROM balances FINAL
    WHERE (source, observed_at, snapshot_id) IN (SELECT source, observed_at, snapshot_id FROM statements)
) AS b
INNER JOIN standing AS s ON s.source = b.source
LEFT JOIN fetched AS f ON f.job_id = s.job_id
LEFT JOIN brought AS p
    ON p.asset = b.priced_by AND p.at = ifNull(b.price_at, toDateTime64(0, 3, 'UTC')) AND p.source = b.price_source
SETTINGS join_use_nulls = 0;
