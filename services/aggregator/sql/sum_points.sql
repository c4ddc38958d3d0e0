-- Sums over the lines of snapshots that stand in points, by every axis. Only sums: every value was worked out when
-- its line came in, and which snapshot stands where was decided by who asks (placing.py).
--
-- `stands` counts all lines, `lines` those that are neither hidden by what another source of the account stands for nor
-- excluded by the tenant's rules.
WITH placed AS
(
    SELECT *
    FROM format(JSONCompactEachRow,
        'point UInt32, account String, provider String, source String, observed_at DateTime64(3, ''UTC''),
         snapshot_id String, hidden Array(String)',
        {placed:String})
)
SELECT
    point, slice.1 AS axis, slice.2 AS key,
    sumIf(value, counted AND side != 'debt') AS assets,
    sumIf(value, counted AND side = 'debt') AS debt,
    countIf(counted) AS lines,
    countIf(counted AND unpriced) AS lines_unpriced,
    countIf(counted AND truncated) AS lines_truncated,
    count() AS stands,
    toString(sum(1 + toUInt128(version))) AS seen
FROM
(
    SELECT
        p.point AS point, p.account AS account, p.provider AS provider, b.asset AS asset, b.asset_type AS asset_type,
        b.asset_class AS asset_class, b.chain AS chain, b.platform AS platform, b.kind AS kind, b.side AS side,
        b.value AS value, b.unpriced AS unpriced, b.truncated AS truncated, b.version AS version,
        b.kind = 'wallet' AND has(p.hidden, b.asset) AS receipt,
        (p.point, b.asset) IN
        (
            SELECT point, asset
            FROM format(JSONCompactEachRow, 'point UInt32, asset String', {excluded:String})
        ) AS ruled_out,
        NOT (receipt OR ruled_out) AS counted,
        multiIf(receipt, 'receipt_token', ruled_out, 'excluded', toString(b.reason)) AS reason,
        if(reason IN ('no_price', 'stale') AND b.priced_by != '', concat(reason, ' ', b.priced_by), '') AS waits
    FROM
    (
        SELECT
            source, observed_at, snapshot_id, ifNull(toString(asset), '') AS asset, asset_type, asset_class,
            ifNull(toString(chain), '') AS chain, platform, kind, side, ifNull(value_usd, 0) AS value,
            isNull(value_usd) AS unpriced, truncated, reason, version, toString(priced_by) AS priced_by
        FROM balances FINAL
        WHERE (source, observed_at, snapshot_id) IN (SELECT source, observed_at, snapshot_id FROM placed)
    ) AS b
    INNER JOIN placed AS p ON b.source = p.source AND b.observed_at = p.observed_at AND b.snapshot_id = p.snapshot_id
)
ARRAY JOIN arrayConcat(
[
    ('', ''), ('reason', reason), ('asset', asset), ('type', toString(asset_type)), ('class', toString(asset_class)),
    ('chain', chain), ('platform', toString(platform)), ('account', account), ('provider', provider),
    ('kind', toString(kind)), ('side', toString(side))
],
-- What a line without a value waits for: whether that is refused at the moment is another question, with another answer
-- in a minute.
if(waits = '', [], [('waits', waits)])) AS slice
GROUP BY point, axis, key
ORDER BY point, axis, key
SETTINGS
    do_not_merge_across_partitions_select_final = 1,
    output_format_json_quote_decimals = 1,
    output_format_json_quote_64bit_integers = 0
