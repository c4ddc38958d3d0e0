-- What some sources held at each of these instants, asset by asset: of each one that is a member then, its newest
-- statement at or before. Lines without an asset are one row with a null asset; an instant at which sources were
-- seen and hold nothing is one row without lines; one before anything was seen has no row.
WITH placed AS
(
    SELECT
        at, source, observed_at, snapshot_id,
        -- What the account's other sources stand for already: a wallet line of it would count twice.
        arrayDistinct(arrayMap(claim -> claim.2, arrayFilter(claim -> claim.1 != source, claims))) AS hidden
    FROM
    (
        SELECT
            m.at AS at, m.source AS source, s.statement.4 AS observed_at, s.statement.2 AS snapshot_id,
            groupArrayArray(arrayMap(asset -> (m.source, asset), s.statement.3))
                OVER (PARTITION BY m.at, m.account) AS claims
        FROM
        (
            SELECT member.1 AS source, splitByChar('/', source)[3] AS account, at
            FROM
            (
                SELECT arrayJoin({members:Array(Tuple(String, DateTime64(3, 'UTC'), DateTime64(3, 'UTC')))}) AS member
            ) AS members
            CROSS JOIN (SELECT arrayJoin({instants:Array(DateTime64(3, 'UTC'))}) AS at) AS instants
            WHERE member.2 <= at AND at < member.3
        ) AS m
        ASOF INNER JOIN
        (
            -- What a clock that is ahead of ours calls later stands from when we have it, as in the newest point.
            SELECT
                source, least(observed_at, {now:DateTime64(3, 'UTC')}) AS since,
                argMax(tuple(fetched, snapshot_id, covering, observed_at), (observed_at, fetched, snapshot_id)) AS statement
            FROM
            (
                SELECT source, observed_at, snapshot_id, fetched_at AS fetched, covers AS covering
                FROM latest_snapshots FINAL
                WHERE source IN {sources:Array(String)}
                UNION ALL
                -- Not read where only the newest are asked for.
                SELECT source, observed_at, snapshot_id, max(fetched_at) AS fetched, any(covers) AS covering
                FROM snapshots
                WHERE {history:Bool} AND source IN {sources:Array(String)}
                  AND observed_at <= arrayMax({instants:Array(DateTime64(3, 'UTC'))})
                GROUP BY source, observed_at, snapshot_id
            )
            GROUP BY source, since
        ) AS s ON m.source = s.source AND m.at >= s.since
    )
)
SELECT
    at,
    asset,
    countIf(counted)                                                          AS lines,
    any(line_symbol)                                                          AS symbol,
    any(line_type)                                                            AS asset_type,
    any(line_chain)                                                           AS chain,
    if(countIf(counted AND line_amount IS NULL) > 0, NULL, sumIf(line_amount, counted)) AS amount,
    countIf(counted AND line_value IS NULL)                                   AS unvalued,
    sumIf(ifNull(line_value, toDecimal256(0, 36)), counted)                   AS value_usd,
    minIf(line_price_at, counted)                                             AS price_at,
    min(read_at)                                                              AS observed_at
FROM
(
    SELECT
        p.at AS at, p.observed_at AS read_at, b.asset AS asset, b.symbol AS line_symbol, b.asset_type AS line_type,
        b.chain AS line_chain, b.price_at AS line_price_at,
        b.present AND NOT (b.kind = 'wallet' AND has(p.hidden, ifNull(b.asset, '')))
            AND NOT has({excluded:Array(String)}, ifNull(b.asset, '')) AS counted,
        if(b.side = 'debt', negate(b.amount), b.amount) AS line_amount,
        if(b.side = 'debt', negate(b.value_usd), b.value_usd) AS line_value
    FROM placed AS p
    LEFT JOIN
    (
        SELECT
            source, observed_at, snapshot_id, toBool(1) AS present, toString(asset) AS asset, toString(symbol) AS symbol,
            toString(asset_type) AS asset_type, toString(chain) AS chain, kind, side, amount, value_usd, price_at
        FROM balances FINAL
        WHERE (source, observed_at, snapshot_id) IN (SELECT source, observed_at, snapshot_id FROM placed)
    ) AS b ON p.source = b.source AND p.observed_at = b.observed_at AND p.snapshot_id = b.snapshot_id
)
GROUP BY at, asset
ORDER BY at, value_usd DESC, asset
