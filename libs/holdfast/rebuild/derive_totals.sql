-- What some portfolios were worth at the end of each hour in which something of theirs changed, worked out anew from
-- snapshots, lines and memberships, in one question. Only points that are stored otherwise, or not at all, are kept.
--
-- A point takes of each member its latest statement before the hour's end; of several for one instant the one fetched
-- last, then the one with the greatest id. Lines are taken as rebuilt_lines of the same run has them.
INSERT INTO rebuilt_totals
    (run, unit, look, tenant, portfolio, bucket, version, as_of, oldest_input, assets, debt, net, lines, lines_unpriced,
     lines_excluded, lines_truncated, sources, sources_missing, sources_observed, reasons, waits, breakdown, live_net,
     live_version, live_computed_at, seen)
WITH
asked AS MATERIALIZED
(
    SELECT tenant, portfolio, max(r.revision) AS revision, argMax(excluded, r.revision) AS ruled_out
    FROM registry_portfolios AS r
    WHERE (tenant, portfolio) IN {portfolios:Array(Tuple(String, String))}
    GROUP BY tenant, portfolio
    HAVING NOT argMax(r.deleted, r.revision)
),
members AS MATERIALIZED
(
    SELECT DISTINCT tenant, portfolio, source, account, provider, valid_from, valid_to
    FROM registry_portfolio_sources
    WHERE (tenant, portfolio, revision) IN (SELECT tenant, portfolio, revision FROM asked)
),
statements AS MATERIALIZED
(
    SELECT source, observed_at, argMax((snapshot_id, fetched, covering), (fetched, snapshot_id)) AS said
    FROM
    (
        SELECT source, observed_at, snapshot_id, max(fetched_at) AS fetched, any(covers) AS covering
        FROM snapshots
        WHERE source IN (SELECT source FROM members) AND observed_at < {last:DateTime64(3, 'UTC')}
        GROUP BY source, observed_at, snapshot_id
    )
    GROUP BY source, observed_at
),
hours AS MATERIALIZED
(
    SELECT DISTINCT tenant, portfolio, bucket
    FROM
    (
        SELECT m.tenant AS tenant, m.portfolio AS portfolio, toStartOfHour(s.observed_at) AS bucket
        FROM members AS m
        INNER JOIN statements AS s ON s.source = m.source
        UNION ALL
        SELECT tenant, portfolio, toStartOfHour(edge) AS bucket
        FROM members
        ARRAY JOIN [valid_from, valid_to] AS edge
        WHERE edge > toDateTime64(0, 3, 'UTC') AND edge < toDateTime64('2200-01-01 00:00:00', 3, 'UTC')
        UNION ALL
        SELECT tenant, portfolio, bucket
        FROM portfolio_totals
        WHERE (tenant, portfolio) IN (SELECT tenant, portfolio FROM asked)
    )
    WHERE bucket >= {first:DateTime64(3, 'UTC')} AND bucket < {last:DateTime64(3, 'UTC')}
),
standing AS MATERIALIZED
(
    SELECT
        g.tenant AS tenant, g.portfolio AS portfolio, g.bucket AS bucket, g.source AS source, g.account AS account,
        g.provider AS provider, s.observed_at AS observed_at, s.said.1 AS snapshot_id, s.said.2 AS fetched_at,
        s.said.1 != '' AS known,
        arrayFilter(pair -> pair.2 != g.source, groupArrayArray(arrayMap(asset -> (asset, g.source), s.said.3))
            OVER (PARTITION BY g.tenant, g.portfolio, g.bucket, g.account)) AS claims,
        arrayMap(pair -> pair.1, claims) AS hidden
    FROM
    (
        SELECT
            h.tenant AS tenant, h.portfolio AS portfolio, h.bucket AS bucket,
            toDateTime64(h.bucket + INTERVAL 1 HOUR, 3, 'UTC') AS hour_end,
            m.source AS source, m.account AS account, m.provider AS provider
        FROM hours AS h
        INNER JOIN members AS m ON m.tenant = h.tenant AND m.portfolio = h.portfolio
        WHERE m.valid_from < hour_end AND hour_end <= m.valid_to
    ) AS g
    ASOF LEFT JOIN statements AS s ON s.source = g.source AND s.observed_at < g.hour_end
),
-- Of statements that a line was derived otherwise of; the other ones, nearly all, need no look at each of their lines.
amended AS
(
    SELECT source, observed_at, snapshot_id, line, value_usd, version, reason, look
    FROM rebuilt_lines
    WHERE run = {run:String} AND observed_at < {last:DateTime64(3, 'UTC')} AND source IN (SELECT source FROM members)
),
lines AS
(
    SELECT
        p.tenant AS tenant, p.portfolio AS portfolio, p.bucket AS bucket, p.account AS account, p.provider AS provider,
        b.asset AS asset, b.asset_type AS asset_type, b.asset_class AS asset_class, b.chain AS chain,
        b.platform AS platform, b.kind AS kind, b.side AS side, b.truncated AS truncated, b.value AS value,
        b.version AS version, b.why AS why,
        b.kind = 'wallet' AND has(p.hidden, b.asset) AS receipt,
        (p.tenant, p.portfolio, b.asset) IN (SELECT tenant, portfolio, arrayJoin(ruled_out) FROM asked) AS ruled_out,
        NOT (receipt OR ruled_out) AS counted,
        multiIf(receipt, 'receipt_token', ruled_out, 'excluded', b.why) AS reason,
        if(reason IN ('no_price', 'stale') AND b.priced_by != '', concat(reason, ' ', b.priced_by), '') AS waits
    FROM
    (
        SELECT
            source, observed_at, snapshot_id, ifNull(toString(asset), '') AS asset, toString(asset_type) AS asset_type,
            toString(asset_class) AS asset_class, ifNull(toString(chain), '') AS chain, toString(platform) AS platform,
            toString(kind) AS kind, toString(side) AS side, truncated, value_usd AS value, version, toString(reason) AS why,
            toString(priced_by) AS priced_by
        FROM balances FINAL
        WHERE (source, observed_at, snapshot_id) IN (SELECT source, observed_at, snapshot_id FROM standing WHERE known)
            AND (source, observed_at, snapshot_id) NOT IN (SELECT source, observed_at, snapshot_id FROM amended)
        UNION ALL
        SELECT
            source, observed_at, snapshot_id, ifNull(toString(asset), '') AS asset, toString(asset_type) AS asset_type,
            toString(asset_class) AS asset_class, ifNull(toString(chain), '') AS chain, toString(platform) AS platform,
            toString(kind) AS kind, toString(side) AS side, truncated,
            if(r.look > 0, r.value_usd, balances.value_usd) AS value,
            if(r.look > 0, r.version, balances.version) AS version,
            if(r.look > 0, r.reason, toString(balances.reason)) AS why,
            toString(priced_by) AS priced_by
        FROM balances FINAL
        LEFT JOIN amended AS r
            ON r.source = balances.source AND r.observed_at = balances.observed_at
            AND r.snapshot_id = balances.snapshot_id AND r.line = balances.line
        WHERE (source, observed_at, snapshot_id) IN (SELECT source, observed_at, snapshot_id FROM amended)
    ) AS b
    INNER JOIN (SELECT * FROM standing WHERE known) AS p
        ON b.source = p.source AND b.observed_at = p.observed_at AND b.snapshot_id = p.snapshot_id
),
-- Axes by their numbers: ten groups a line, and a number is found sooner than a name.
slices AS
(
    SELECT
        tenant, portfolio, bucket, slice.1 AS axis, slice.2 AS key,
        sumIf(ifNull(value, toDecimal256(0, 36)), counted AND side != 'debt') AS assets,
        sumIf(ifNull(value, toDecimal256(0, 36)), counted AND side = 'debt') AS debt,
        countIf(counted) AS counting,
        countIf(counted AND value IS NULL) AS unpriced,
        countIf(counted AND truncated) AS cut,
        count() AS stands,
        sum(1 + toUInt128(version)) AS seen
    FROM lines
    ARRAY JOIN arrayConcat(
    [
        (1, reason), (2, asset), (3, asset_type), (4, asset_class), (5, chain), (6, platform), (7, account),
        (8, provider), (9, kind), (10, side)
    ], if(waits = '', [], [(11, waits)])) AS slice
    GROUP BY tenant, portfolio, bucket, axis, key
),
-- Each line has one side and is in one slice of that axis: these sum up to the whole.
summed AS
(
    WITH ['reason', 'asset', 'type', 'class', 'chain', 'platform', 'account', 'provider', 'kind', 'side'] AS axes
    SELECT
        tenant, portfolio, bucket,
        sumIf(slices.assets, axis = 10) AS assets, sumIf(slices.debt, axis = 10) AS debt,
        sumIf(counting, axis = 10) AS lines, sumIf(unpriced, axis = 10) AS lines_unpriced,
        sumIf(stands - counting, axis = 10) AS lines_excluded, sumIf(cut, axis = 10) AS lines_truncated,
        sumIf(slices.seen, axis = 10) AS seen,
        mapFromArrays(groupArrayIf(key, axis = 1 AND key != ''), groupArrayIf(stands, axis = 1 AND key != '')) AS reasons,
        mapFromArrays(groupArrayIf(key, axis = 11), groupArrayIf(stands, axis = 11)) AS waits,
        arraySort(groupArrayIf((axes[axis], key, slices.assets, slices.debt, counting, unpriced),
            axis NOT IN (1, 11) AND counting > 0)) AS breakdown
    FROM slices
    GROUP BY tenant, portfolio, bucket
),
placed AS
(
    SELECT
        tenant, portfolio, bucket,
        countIf(known) AS sources, countIf(NOT known) AS sources_missing,
        countIf(known AND toStartOfHour(observed_at) = bucket) AS sources_observed,
        if(sources = 0, toDateTime64(bucket, 3, 'UTC'), maxIf(observed_at, known)) AS as_of,
        if(sources = 0, toDateTime64(bucket, 3, 'UTC'), minIf(observed_at, known)) AS oldest_input,
        sumIf(bitShiftLeft(toUInt256(toUnixTimestamp64Milli(observed_at)), 74)
            + bitShiftLeft(toUInt256(toUnixTimestamp64Milli(fetched_at)), 32)
            + toUInt256(reinterpretAsUInt32(reverse(unhex(substring(snapshot_id, 1, 8))))), known) AS stated
    FROM standing
    GROUP BY tenant, portfolio, bucket
),
derived AS
(
    SELECT
        h.tenant AS tenant, h.portfolio AS portfolio, h.bucket AS bucket,
        bitShiftLeft(toUInt256(a.revision), 216) + bitShiftLeft(p.stated, 80) + toUInt256(s.seen) AS version,
        if(p.portfolio = '', toDateTime64(h.bucket, 3, 'UTC'), p.as_of) AS as_of,
        if(p.portfolio = '', toDateTime64(h.bucket, 3, 'UTC'), p.oldest_input) AS oldest_input,
        s.assets AS assets, s.debt AS debt, s.assets - s.debt AS net, s.lines AS lines, s.lines_unpriced AS lines_unpriced,
        s.lines_excluded AS lines_excluded, s.lines_truncated AS lines_truncated, p.sources AS sources,
        p.sources_missing AS sources_missing, p.sources_observed AS sources_observed, s.reasons AS reasons, s.waits AS waits,
        s.breakdown AS breakdown
    FROM hours AS h
    INNER JOIN asked AS a ON a.tenant = h.tenant AND a.portfolio = h.portfolio
    LEFT JOIN placed AS p ON p.tenant = h.tenant AND p.portfolio = h.portfolio AND p.bucket = h.bucket
    LEFT JOIN summed AS s ON s.tenant = h.tenant AND s.portfolio = h.portfolio AND s.bucket = h.bucket
)
SELECT
    {run:String}, {unit:String}, {look:UInt32}, d.tenant, d.portfolio, d.bucket, d.version, d.as_of, d.oldest_input, d.assets,
    d.debt, d.net, d.lines, d.lines_unpriced, d.lines_excluded, d.lines_truncated, d.sources, d.sources_missing,
    d.sources_observed, d.reasons, d.waits, d.breakdown,
    if(l.portfolio = '', NULL, l.net) AS live_net, l.version AS live_version, l.computed_at AS live_computed_at,
    cityHash64(d.tenant, d.portfolio, d.bucket, d.digest, l.version, l.computed_at) AS seen
FROM
(
    SELECT
        *,
        cityHash64(toString((as_of, oldest_input, assets, debt, net, lines, lines_unpriced, lines_excluded, lines_truncated,
            sources, sources_missing, sources_observed, arraySort(arrayZip(mapKeys(reasons), mapValues(reasons))),
            arraySort(arrayZip(mapKeys(waits), mapValues(waits))), arraySort(breakdown)))) AS digest
    FROM derived
) AS d
LEFT JOIN
(
    SELECT
        *,
        cityHash64(toString((as_of, oldest_input, assets, debt, net, lines, lines_unpriced, lines_excluded, lines_truncated,
            sources, sources_missing, sources_observed, arraySort(arrayZip(mapKeys(reasons), mapValues(reasons))),
            arraySort(arrayZip(mapKeys(waits), mapValues(waits))), arraySort(breakdown)))) AS digest
    FROM portfolio_totals FINAL
    WHERE (tenant, portfolio) IN (SELECT tenant, portfolio FROM asked)
        AND bucket >= {first:DateTime64(3, 'UTC')} AND bucket < {last:DateTime64(3, 'UTC')}
) AS l ON l.tenant = d.tenant AND l.portfolio = d.portfolio AND l.bucket = d.bucket
WHERE l.portfolio = '' OR l.digest != d.digest
SETTINGS
    enable_materialized_cte = 1,
    join_use_nulls = 0,
    do_not_merge_across_partitions_select_final = 1
