-- The value of portfolios at the end of hours: one row per point asked for, as `portfolio_totals` stores it.
-- Only sums: every value was worked out when its line came in.
--
-- A source counts with its newest statement before the end of the hour, and if it is a member at that end.
-- What moves the version is written at the table (migration 0008). Every table is read once, and the shape is one
-- pipeline with few references back: the engine analyses a named subquery again wherever it is used.
WITH
placed AS MATERIALIZED
(
    SELECT
        tenant, portfolio, bucket, revision, source, account, provider, observed_at, fetched_at, snapshot_id,
        -- What the account's other sources stand for already: a wallet line of it would count twice.
        arrayDistinct(arrayMap(claim -> claim.2, arrayFilter(claim -> claim.1 != source, claims))) AS hidden
    FROM
    (
        SELECT
            m.tenant AS tenant, m.portfolio AS portfolio, m.bucket AS bucket, m.revision AS revision,
            m.source AS source, m.account AS account, m.provider AS provider,
            s.observed_at AS observed_at, s.statement.1 AS fetched_at, s.statement.2 AS snapshot_id,
            groupArrayArray(arrayMap(asset -> (m.source, asset), s.statement.3))
                OVER (PARTITION BY m.tenant, m.portfolio, m.bucket, m.account) AS claims
        FROM
        (
            -- A point nobody is a member of keeps one row, with an empty source.
            SELECT DISTINCT
                p.tenant AS tenant, p.portfolio AS portfolio, p.bucket AS bucket, addHours(p.bucket, 1) AS ends,
                p.revision AS revision,
                r.source != '' AND r.valid_from < ends AND ends <= r.valid_to AS belongs,
                if(belongs, r.source, '') AS source, if(belongs, r.account, '') AS account,
                if(belongs, toString(r.provider), '') AS provider
            FROM
            (
                SELECT point.1 AS tenant, point.2 AS portfolio, point.3 AS bucket, n.revision AS revision
                FROM
                (
                    SELECT arrayJoin(arrayZip(
                        {tenants:Array(String)}, {portfolios:Array(String)}, {buckets:Array(DateTime('UTC'))})) AS point
                ) AS asked
                INNER JOIN
                (
                    SELECT tenant, portfolio, max(revision) AS revision
                    FROM registry_portfolios
                    WHERE (tenant, portfolio) IN (arrayZip({tenants:Array(String)}, {portfolios:Array(String)}))
                    GROUP BY tenant, portfolio
                ) AS n ON asked.point.1 = n.tenant AND asked.point.2 = n.portfolio
            ) AS p
            LEFT JOIN
            (
                SELECT tenant, portfolio, revision, source, account, provider, valid_from, valid_to
                FROM registry_portfolio_sources
                WHERE (tenant, portfolio) IN (arrayZip({tenants:Array(String)}, {portfolios:Array(String)}))
            ) AS r ON p.tenant = r.tenant AND p.portfolio = r.portfolio AND p.revision = r.revision
        ) AS m
        ASOF LEFT JOIN
        (
            SELECT
                source, observed_at,
                argMax(tuple(fetched, snapshot_id, covering), (fetched, snapshot_id)) AS statement
            FROM
            (
                SELECT source, observed_at, snapshot_id, fetched_at AS fetched, covers AS covering
                FROM latest_snapshots
                WHERE source IN
                (
                    SELECT source FROM registry_portfolio_sources
                    WHERE (tenant, portfolio) IN (arrayZip({tenants:Array(String)}, {portfolios:Array(String)}))
                )
                UNION ALL
                -- History, only of sources that have something newer than the earliest point asked for.
                SELECT source, observed_at, snapshot_id, max(fetched_at) AS fetched, any(covers) AS covering
                FROM snapshots
                WHERE observed_at < addHours(arrayMax({buckets:Array(DateTime('UTC'))}), 1) AND source IN
                (
                    SELECT source FROM latest_snapshots
                    WHERE observed_at >= addHours(arrayMin({buckets:Array(DateTime('UTC'))}), 1) AND source IN
                    (
                        SELECT source FROM registry_portfolio_sources
                        WHERE (tenant, portfolio) IN (arrayZip({tenants:Array(String)}, {portfolios:Array(String)}))
                    )
                )
                GROUP BY source, observed_at, snapshot_id
            )
            GROUP BY source, observed_at
        ) AS s ON m.source = s.source AND m.ends > s.observed_at
    )
)
SELECT
    tenant,
    portfolio,
    bucket,
    toString(bitShiftLeft(toUInt256(any(revision)), 216)
        + bitShiftLeft(sumIf(statement, axis = 'source'), 80) + sumIf(seen, axis = 'all')) AS version,
    if(sources = 0, toDateTime64(bucket, 3, 'UTC'), maxIf(observed_at, axis = 'source' AND has_snapshot)) AS as_of,
    if(sources = 0, toDateTime64(bucket, 3, 'UTC'), minIf(observed_at, axis = 'source' AND has_snapshot)) AS oldest_input,
    sumIf(part.assets, axis = 'all') AS assets,
    sumIf(part.debt, axis = 'all') AS debt,
    assets - debt AS net,
    sumIf(part.lines, axis = 'all') AS lines,
    sumIf(part.lines_unpriced, axis = 'all') AS lines_unpriced,
    sumIf(excluded_lines, axis = 'all') AS lines_excluded,
    sumIf(truncated_lines, axis = 'all') AS lines_truncated,
    countIf(axis = 'source' AND has_snapshot) AS sources,
    countIf(axis = 'source' AND key != '' AND NOT has_snapshot) AS sources_missing,
    countIf(axis = 'source' AND has_snapshot AND toStartOfHour(observed_at) = bucket) AS sources_observed,
    mapFilter((reason, times) -> reason != '', anyIf(part_reasons, axis = 'all')) AS reasons,
    CAST(
        arraySort(groupArrayIf((axis, key, part.assets, part.debt, part.lines, part.lines_unpriced),
            axis NOT IN ('all', 'source') AND part.lines > 0)),
        'Array(Tuple(axis String, key String,
            assets Decimal(76, 36), debt Decimal(76, 36), lines UInt64, lines_unpriced UInt64))') AS breakdown
FROM
(
    SELECT
        tenant, portfolio, bucket, slice.1 AS axis, slice.2 AS key,
        any(revision) AS revision,
        any(observed_at) AS observed_at,
        any(snapshot_id) != '' AS has_snapshot,
        -- Of the source that this slice is, in the slices that are sources.
        if(has_snapshot,
            bitShiftLeft(toUInt256(toUnixTimestamp64Milli(observed_at)), 74)
                + bitShiftLeft(toUInt256(toUnixTimestamp64Milli(any(fetched_at))), 32)
                + reinterpretAsUInt32(reverse(unhex(substring(any(snapshot_id), 1, 8)))), 0) AS statement,
        sumIf(1 + toUInt256(version), present) AS seen,
        (
            sumIf(value, counted AND side != 'debt'), sumIf(value, counted AND side = 'debt'),
            countIf(counted), countIf(counted AND unpriced)
        )::Tuple(assets Decimal(76, 36), debt Decimal(76, 36), lines UInt64, lines_unpriced UInt64) AS part,
        countIf(excluded) AS excluded_lines,
        countIf(counted AND truncated) AS truncated_lines,
        sumMap(map(multiIf(excluded, 'receipt_token', present, toString(reason), ''), toUInt64(1))) AS part_reasons
    FROM
    (
        SELECT
            p.tenant AS tenant, p.portfolio AS portfolio, p.bucket AS bucket, p.revision AS revision,
            p.source AS source, p.account AS account, p.provider AS provider, p.observed_at AS observed_at,
            p.fetched_at AS fetched_at, p.snapshot_id AS snapshot_id,
            b.present AS present, present AND b.kind = 'wallet' AND has(p.hidden, b.asset) AS excluded,
            present AND NOT excluded AS counted,
            b.asset AS asset, b.asset_type AS asset_type, b.asset_class AS asset_class, b.chain AS chain,
            b.platform AS platform, b.kind AS kind, b.side AS side, b.value AS value, b.unpriced AS unpriced,
            b.truncated AS truncated, b.reason AS reason, b.version AS version
        FROM placed AS p
        LEFT JOIN
        (
            SELECT
                source, observed_at, snapshot_id, 1 = 1 AS present, ifNull(toString(asset), '') AS asset, asset_type,
                asset_class, ifNull(toString(chain), '') AS chain, platform, kind, side,
                ifNull(value_usd, 0) AS value, isNull(value_usd) AS unpriced, truncated, reason, version
            FROM balances FINAL
            WHERE (source, observed_at, snapshot_id) IN (SELECT source, observed_at, snapshot_id FROM placed)
        ) AS b ON p.source = b.source AND p.observed_at = b.observed_at AND p.snapshot_id = b.snapshot_id
    )
    ARRAY JOIN
    [
        ('all', ''), ('source', source), ('asset', asset), ('type', toString(asset_type)),
        ('class', toString(asset_class)), ('chain', chain), ('platform', toString(platform)), ('account', account),
        ('provider', provider), ('kind', toString(kind)), ('side', toString(side))
    ] AS slice
    GROUP BY tenant, portfolio, bucket, axis, key
)
GROUP BY tenant, portfolio, bucket
SETTINGS
    enable_materialized_cte = 1,
    join_use_nulls = 0,
    do_not_merge_across_partitions_select_final = 1,
    enable_shared_storage_snapshot_in_query = 1,
    output_format_json_quote_decimals = 1,
    output_format_json_quote_64bit_integers = 0
