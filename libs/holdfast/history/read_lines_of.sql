-- The lines of certain snapshots, as they are valued now.
SELECT
    source, observed_at, snapshot_id,
    arrayMap(numbered -> numbered.2, arraySort(groupArray((line,
        (toString(asset), toString(side), toString(kind), amount, price_usd, value_usd, toString(reason),
         if(priced_by = asset, price_at, NULL),
         if(reason IN ('no_price', 'stale'), toString(priced_by), '')))))) AS lines
FROM balances FINAL
WHERE (source, observed_at, snapshot_id) IN {snapshots:Array(Tuple(String, DateTime64(3, 'UTC'), String))}
GROUP BY source, observed_at, snapshot_id
