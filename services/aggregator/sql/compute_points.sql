-- The value of portfolios at the end of hours: one row per point asked for, as `portfolio_totals` stores it.
-- Only sums: every value was worked out when its line came in.
--
-- A source counts with its newest statement before the end of the hour, and if it is a member at that end.
-- What moves the version is written at the table (migration 0008).
WITH
points AS
(
    SELECT point.1 AS tenant, point.2 AS portfolio, point.3 AS bucket, addHours(bucket, 1) AS ends
    FROM
    (
        SELECT arrayJoin(arrayZip(
            {tenants:Array(String)}, {portfolios:Array(String)}, {buckets:Array(DateTime('UTC'))})) AS point
    )
),
revisions AS
(
    SELECT tenant, portfolio, max(revision) AS revision
    FROM registry_portfolios
    WHERE (tenant, portfolio) IN (SELECT tenant, portfolio FROM points)
    GROUP BY tenant, portfolio
),
members AS
(
    SELECT DISTINCT
        points.tenant AS tenant, points.portfolio AS portfolio, points.bucket AS bucket, points.ends AS ends,
        m.source AS source, m.account AS account, m.provider AS provider
    FROM points
    INNER JOIN revisions AS r ON points.tenant = r.tenant AND points.portfolio = r.portfolio
    INNER JOIN
    (
        SELECT tenant, portfolio, revision, source, account, provider, valid_from, valid_to
        FROM registry_portfolio_sources
        WHERE (tenant, portfolio, revision) IN (SELECT tenant, portfolio, revision FROM revisions)
    ) AS m ON points.tenant = m.tenant AND points.portfolio = m.portfolio
    WHERE m.valid_from < points.ends AND points.ends <= m.valid_to
),
latest AS
(
    SELECT source, argMax(tuple(observed_at, fetched_at, snapshot_id, covers), rank) AS snapshot
    FROM latest_snapshots
    WHERE source IN (SELECT source FROM members)
    GROUP BY source
),
-- Late data only: of these sources something newer is stored than the hour asked for.
behind AS
(
    SELECT DISTINCT members.source AS source, members.ends AS ends
    FROM members INNER JOIN latest ON members.source = latest.source
    WHERE latest.snapshot.1 >= members.ends
),
history AS
(
    SELECT
        source,
        observed_at,
        argMax(tuple(fetched, snapshot_id, covering), (fetched, snapshot_id)) AS statement
    FROM
    (
        SELECT source, observed_at, snapshot_id, max(fetched_at) AS fetched, any(covers) AS covering
        FROM snapshots
        WHERE source IN (SELECT source FROM behind) AND observed_at < (SELECT max(ends) FROM behind)
        GROUP BY source, observed_at, snapshot_id
    )
    GROUP BY source, observed_at
),
current AS
(
    SELECT DISTINCT
        members.source AS source, members.ends AS ends,
        latest.snapshot.1 AS observed_at, latest.snapshot.2 AS fetched_at,
        latest.snapshot.3 AS snapshot_id, latest.snapshot.4 AS covers
    FROM members INNER JOIN latest ON members.source = latest.source
    WHERE latest.snapshot.1 < members.ends
    UNION ALL
    SELECT
        behind.source AS source, behind.ends AS ends,
        history.observed_at AS observed_at, history.statement.1 AS fetched_at,
        history.statement.2 AS snapshot_id, history.statement.3 AS covers
    FROM behind ASOF INNER JOIN history ON behind.source = history.source AND behind.ends > history.observed_at
),
placed AS
(
    SELECT
        tenant, portfolio, bucket, source, account, provider, observed_at, fetched_at, snapshot_id,
        -- What the account's other sources stand for already: a wallet line of it would count twice.
        arrayDistinct(arrayMap(claim -> claim.2, arrayFilter(claim -> claim.1 != source, claims))) AS hidden
    FROM
    (
        SELECT
            members.tenant AS tenant, members.portfolio AS portfolio, members.bucket AS bucket,
            members.source AS source, members.account AS account, members.provider AS provider,
            c.observed_at AS observed_at, c.fetched_at AS fetched_at, c.snapshot_id AS snapshot_id,
            groupArrayArray(arrayMap(asset -> (members.source, asset), c.covers))
                OVER (PARTITION BY members.tenant, members.portfolio, members.bucket, members.account) AS claims
        FROM members INNER JOIN current AS c ON members.source = c.source AND members.ends = c.ends
    )
),
lines AS
(
    SELECT
        placed.tenant AS tenant, placed.portfolio AS portfolio, placed.bucket AS bucket,
        placed.account AS account, placed.provider AS provider,
        b.kind = 'wallet' AND has(placed.hidden, b.asset) AS excluded,
        b.asset AS asset, b.asset_type AS asset_type, b.asset_class AS asset_class, b.chain AS chain,
        b.platform AS platform, b.kind AS kind, b.side AS side,
        if(b.side = 'debt', 0, ifNull(b.value_usd, 0)) AS assets,
        if(b.side = 'debt', ifNull(b.value_usd, 0), 0) AS debt,
        isNull(b.value_usd) AS unpriced, b.truncated AS truncated, b.reason AS reason, b.version AS version
    FROM
    (
        SELECT
            source, observed_at, snapshot_id, ifNull(asset, '') AS asset, asset_type, asset_class,
            ifNull(chain, '') AS chain, platform, kind, side, value_usd, truncated, reason, version
        FROM balances FINAL
        WHERE (source, observed_at, snapshot_id) IN (SELECT source, observed_at, snapshot_id FROM current)
    ) AS b
    INNER JOIN placed
        ON b.source = placed.source AND b.observed_at = placed.observed_at AND b.snapshot_id = placed.snapshot_id
),
sums AS
(
    SELECT
        tenant, portfolio, bucket,
        sumIf(assets, NOT excluded) AS assets, sumIf(debt, NOT excluded) AS debt,
        countIf(NOT excluded) AS lines,
        countIf(unpriced AND NOT excluded) AS lines_unpriced,
        countIf(excluded) AS lines_excluded,
        countIf(truncated AND NOT excluded) AS lines_truncated,
        sumMap(map(if(excluded, 'receipt_token', toString(reason)), toUInt64(1))) AS reasons,
        sum(1 + toUInt256(version)) AS seen
    FROM lines
    GROUP BY tenant, portfolio, bucket
),
parts AS
(
    SELECT
        tenant, portfolio, bucket,
        CAST(arraySort(groupArray((axis, key, assets, debt, lines, lines_unpriced))), 'Array(Tuple(axis String, key String,
            assets Decimal(76, 36), debt Decimal(76, 36), lines UInt64, lines_unpriced UInt64))') AS breakdown
    FROM
    (
        SELECT
            tenant, portfolio, bucket, slice.1 AS axis, slice.2 AS key,
            sum(assets) AS assets, sum(debt) AS debt, count() AS lines, countIf(unpriced) AS lines_unpriced
        FROM lines
        ARRAY JOIN
        [
            ('asset', toString(asset)), ('type', toString(asset_type)), ('class', toString(asset_class)),
            ('chain', toString(chain)), ('platform', toString(platform)), ('account', toString(account)),
            ('provider', toString(provider)), ('kind', toString(kind)), ('side', toString(side))
        ] AS slice
        WHERE NOT excluded
        GROUP BY tenant, portfolio, bucket, axis, key
    )
    GROUP BY tenant, portfolio, bucket
),
seen AS
(
    SELECT
        tenant, portfolio, bucket,
        max(observed_at) AS as_of, min(observed_at) AS oldest_input, count() AS sources,
        countIf(toStartOfHour(observed_at) = bucket) AS sources_observed,
        sum(bitShiftLeft(toUInt256(toUnixTimestamp64Milli(observed_at)), 74)
            + bitShiftLeft(toUInt256(toUnixTimestamp64Milli(fetched_at)), 32)
            + reinterpretAsUInt32(reverse(unhex(substring(snapshot_id, 1, 8))))) AS statements
    FROM placed
    GROUP BY tenant, portfolio, bucket
),
counted AS
(
    SELECT tenant, portfolio, bucket, count() AS sources FROM members GROUP BY tenant, portfolio, bucket
)
SELECT
    points.tenant AS tenant,
    points.portfolio AS portfolio,
    points.bucket AS bucket,
    toString(bitShiftLeft(toUInt256(revisions.revision), 216)
        + bitShiftLeft(toUInt256(seen.statements), 80) + toUInt256(sums.seen)) AS version,
    if(seen.sources = 0, toDateTime64(points.bucket, 3, 'UTC'), seen.as_of) AS as_of,
    if(seen.sources = 0, toDateTime64(points.bucket, 3, 'UTC'), seen.oldest_input) AS oldest_input,
    sums.assets AS assets,
    sums.debt AS debt,
    sums.assets - sums.debt AS net,
    sums.lines AS lines,
    sums.lines_unpriced AS lines_unpriced,
    sums.lines_excluded AS lines_excluded,
    sums.lines_truncated AS lines_truncated,
    seen.sources AS sources,
    counted.sources - seen.sources AS sources_missing,
    seen.sources_observed AS sources_observed,
    mapFilter((reason, times) -> reason != '', sums.reasons) AS reasons,
    parts.breakdown AS breakdown
FROM points
INNER JOIN revisions ON points.tenant = revisions.tenant AND points.portfolio = revisions.portfolio
LEFT JOIN counted
    ON points.tenant = counted.tenant AND points.portfolio = counted.portfolio AND points.bucket = counted.bucket
LEFT JOIN seen ON points.tenant = seen.tenant AND points.portfolio = seen.portfolio AND points.bucket = seen.bucket
LEFT JOIN sums ON points.tenant = sums.tenant AND points.portfolio = sums.portfolio AND points.bucket = sums.bucket
LEFT JOIN parts ON points.tenant = parts.tenant AND points.portfolio = parts.portfolio AND points.bucket = parts.bucket
SETTINGS
    join_use_nulls = 0,
    do_not_merge_across_partitions_select_final = 1,
    enable_shared_storage_snapshot_in_query = 1,
    output_format_json_quote_decimals = 1,
    output_format_json_quote_64bit_integers = 0
