-- Which copy of a snapshot was stored first, whole (its message, its fetch and its job), and which says it last. Several jobs
-- may say the same, and the least or the greatest of each alone, as told until now, may be of different ones.
ALTER TABLE snapshots
    ADD COLUMN IF NOT EXISTS first_copy
        SimpleAggregateFunction(min, Tuple(
            recorded_at DateTime64(3, 'UTC'),
            stream_seq  UInt64,
            fetched_at  DateTime64(3, 'UTC'),
            job_id      String))
        DEFAULT (recorded_at, stream_seq, fetched_at, job_id),
    ADD COLUMN IF NOT EXISTS last_copy
        SimpleAggregateFunction(max, Tuple(
            fetched_at  DateTime64(3, 'UTC'),
            recorded_at DateTime64(3, 'UTC'),
            job_id      String))
        DEFAULT (fetched_at, recorded_at, job_id);

-- The statement of each member of a portfolio at an instant, as known at a time.
CREATE OR REPLACE VIEW statements_as_known AS
WITH members AS
(
    SELECT DISTINCT source, account, provider, scope, revision
    FROM registry_portfolio_sources
    WHERE tenant = {tenant:String} AND portfolio = {portfolio:String}
      AND valid_from <= {at:DateTime64(3, 'UTC')} AND {at:DateTime64(3, 'UTC')} < valid_to
      AND revision =
      (
          SELECT max(revision)
          FROM registry_portfolio_revisions
          WHERE tenant = {tenant:String} AND portfolio = {portfolio:String}
            AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
      )
)
SELECT
    m.source                                 AS source,
    m.account                                AS account,
    toString(m.provider)                     AS provider,
    toString(m.scope)                        AS scope,
    m.revision                               AS revision,
    nullIf(s.snapshot_id, '')                AS snapshot_id,
    if(s.source = '', NULL, s.observed_at)   AS observed_at,
    if(s.source = '', NULL, s.fetched)       AS fetched_at,
    if(s.source = '', NULL, s.recorded)      AS recorded_at,
    if(s.source = '', NULL, s.line_count)    AS lines,
    s.covering                               AS covers,
    nullIf(s.job, '')                        AS job_id
FROM members AS m
LEFT JOIN
(
    SELECT
        source, observed_at, snapshot_id, recorded, line_count, covering, job,
        if(in_parts.told > toDateTime64(0, 3, 'UTC'), in_parts.told, whole.told) AS fetched
    FROM
    (
        SELECT
            source, observed_at, snapshot_id,
            any(covers) AS covering, any(lines) AS line_count,
            min(first_copy).job_id AS job, min(first_copy).recorded_at AS recorded,
            arrayMax(arrayMap(copy -> copy.1,
                arrayFilter(copy -> copy.2 <= {known_at:DateTime64(3, 'UTC')}, groupUniqArrayArray(copies)))) AS told
        FROM snapshots
        WHERE source IN (SELECT source FROM members) AND observed_at <= {at:DateTime64(3, 'UTC')}
          AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
        GROUP BY source, observed_at, snapshot_id
    ) AS whole
    LEFT JOIN
    (
        SELECT source, observed_at, snapshot_id, max(fetched_at) AS told
        FROM snapshot_parts
        WHERE source IN (SELECT source FROM members) AND observed_at <= {at:DateTime64(3, 'UTC')}
          AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
        GROUP BY source, observed_at, snapshot_id
    ) AS in_parts USING (source, observed_at, snapshot_id)
    ORDER BY observed_at DESC, fetched DESC, snapshot_id DESC
    LIMIT 1 BY source
) AS s ON s.source = m.source
SETTINGS join_use_nulls = 0;

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
                source, observed_at, snapshot_id, max(s.fetched_at) AS fetched_at, min(s.first_copy) AS first,
                groupUniqArrayArray(s.raw) AS raw, any(s.covers) AS covers
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
        -- A job may have been fetched several times: the statement is of the one within which it was fetched.
        SELECT
            s.source AS source,
            argMax((f.started_at, f.finished_at, f.requests),
                (f.started_at <= s.first.fetched_at, f.finished_at, f.event_id)) AS it
        FROM fetches AS f
        INNER JOIN statements AS s ON s.first.job_id = f.job_id
        WHERE f.tenant = {tenant:String} AND f.outcome = 'finished'
            AND f.job_id IN (SELECT first.job_id FROM statements)
        GROUP BY s.source
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
    b.observed_at AS observed_at, s.fetched_at AS fetched_at, s.first.fetched_at AS first_fetched_at,
    s.first.recorded_at AS recorded_at,
    b.snapshot_id AS snapshot_id, s.first.stream_seq AS stream_seq,
    s.first.job_id AS job_id,
    if(f.source = '', NULL, f.it.1) AS fetch_started_at,
    if(f.source = '', NULL, f.it.2) AS fetch_finished_at,
    if(f.source = '', NULL, f.it.3) AS fetch_requests,
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
LEFT JOIN fetched AS f ON f.source = s.source
LEFT JOIN brought AS p
    ON p.asset = b.priced_by AND p.at = ifNull(b.price_at, toDateTime64(0, 3, 'UTC')) AND p.source = b.price_source
SETTINGS join_use_nulls = 0;
