-- The lines of all snapshots of some sources from an instant of each on, as they are valued now.
SELECT
    source, observed_at, snapshot_id,
    arrayMap(numbered -> numbered.2, arraySort(groupArray((line,
        (toString(asset), toString(side), toString(kind), amount, price_usd, value_usd, toString(reason),
         if(priced_by = asset, price_at, NULL),
         if(reason IN ('no_price', 'stale'), toString(priced_by), '')))))) AS lines
FROM balances FINAL
WHERE source IN {sources:Array(String)}
    AND observed_at >= {first:DateTime64(3, 'UTC')} AND observed_at <= {until:DateTime64(3, 'UTC')}
    AND observed_at >= mapFromArrays({sources:Array(String)}, {since:Array(DateTime64(3, 'UTC'))})[source]
GROUP BY source, observed_at, snapshot_id
