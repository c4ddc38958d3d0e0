-- The lines of whole statements as the ledger reads them, and how much the prices that value them have been seen.
SELECT
    source, observed_at, snapshot_id,
    groupArray((toString(asset), toString(side), amount, price_usd, value_usd, toString(reason),
        if(priced_by = asset, price_at, NULL))) AS held,
    toString(sum(1 + toUInt128(version))) AS seen
FROM balances FINAL
WHERE (source, observed_at, snapshot_id) IN
(
    SELECT source, observed_at, snapshot_id
    FROM format(JSONCompactEachRow,
        'source String, observed_at DateTime64(3, ''UTC''), snapshot_id String', {statements:String})
)
GROUP BY source, observed_at, snapshot_id
SETTINGS
    do_not_merge_across_partitions_select_final = 1,
    output_format_json_quote_decimals = 1
