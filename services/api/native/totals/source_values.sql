-- How much of the value, assets and debt alike, and how many counted lines come from each source; and which currencies
-- it states values in that could not be brought to dollars. Other times are left out first: current_lines says why.
SELECT
    source,
    ifNull(sum(value_usd), toDecimal256(0, 36))       AS gross,
    count()                                           AS lines,
    countIf(reason = 'stale')                         AS lines_stale,
    groupUniqArrayIf(priced_by,
        isNull(value_usd) AND priced_by = currency AND currency != 'iso4217:USD'
        AND (isNotNull(stated_value) OR (isNotNull(stated_price) AND isNotNull(amount)))) AS unrated
FROM balances FINAL
PREWHERE observed_at IN tupleElement({snapshots:Array(Tuple(String, DateTime64(3, 'UTC'), String))}, 2)
WHERE (source, observed_at, snapshot_id) IN {snapshots:Array(Tuple(String, DateTime64(3, 'UTC'), String))}
  AND NOT (kind = 'wallet' AND (source, ifNull(asset, '')) IN {receipts:Array(Tuple(String, String))})
  AND NOT has({excluded:Array(String)}, ifNull(asset, ''))
GROUP BY source
