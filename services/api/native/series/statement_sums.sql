-- The sums over the lines of statements, each without the wallet lines of its hidden assets and without
-- the lines of those that the tenant's rules leave out.
SELECT
    number,
    sumIf(value, counted AND side != 'debt')  AS assets,
    sumIf(value, counted AND side = 'debt')   AS debt,
    countIf(counted)                          AS lines,
    countIf(counted AND unpriced)             AS unpriced,
    countIf(NOT counted)                      AS excluded,
    mapFilter((why, _) -> why != '', sumMap(map(multiIf(receipt, 'receipt_token', ruled_out, 'excluded', reason), toUInt64(1)))) AS reasons,
    mapFilter((wait, _) -> wait != '', sumMap(map(if(counted AND reason IN ('no_price', 'stale') AND priced_by != '', concat(reason, ' ', priced_by), ''), toUInt64(1)))) AS waits
FROM
(
    SELECT
        s.number AS number, b.side AS side, ifNull(b.value_usd, toDecimal256(0, 36)) AS value,
        isNull(b.value_usd) AS unpriced, toString(b.reason) AS reason, b.priced_by AS priced_by,
        b.kind = 'wallet' AND has(s.hidden, ifNull(b.asset, '')) AS receipt,
        has({excluded:Array(String)}, ifNull(b.asset, '')) AS ruled_out,
        NOT receipt AND NOT ruled_out AS counted
    FROM
    (
        SELECT source, observed_at, snapshot_id, toString(asset) AS asset, kind, side, value_usd, reason, toString(priced_by) AS priced_by
        FROM balances FINAL
        WHERE (source, observed_at, snapshot_id) IN {snapshots:Array(Tuple(String, DateTime64(3, 'UTC'), String))}
    ) AS b
    INNER JOIN
    (
        SELECT *
        FROM format(JSONCompactEachRow,
            'number UInt32, source String, observed_at DateTime64(3, ''UTC''), snapshot_id String, hidden Array(String)',
            {statements:String})
    ) AS s ON b.source = s.source AND b.observed_at = s.observed_at AND b.snapshot_id = s.snapshot_id
)
GROUP BY number
