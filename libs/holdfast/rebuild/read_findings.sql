-- The differences of a run, of each kind the first few.
SELECT
    'line' AS kind, concat(source, ', ', toString(observed_at), ', line ', toString(line)) AS of, live_value AS stored,
    value_usd AS derived, concat('of snapshot ', snapshot_id, if(reason = '', '', concat(', ', reason))) AS detail
FROM rebuilt_lines
WHERE run = {run:String}
ORDER BY source, observed_at, snapshot_id, line
LIMIT {limit:UInt32}
UNION ALL
SELECT
    'total' AS kind, concat(tenant, '/', portfolio, ', ', toString(bucket)) AS of, live_net AS stored, net AS derived,
    if(live_net IS NULL, 'no such point is stored', if(live_net = net, 'equal in sum, not in what it is made of', '')) AS detail
FROM rebuilt_totals
WHERE run = {run:String}
ORDER BY tenant, portfolio, bucket
LIMIT {limit:UInt32}
UNION ALL
SELECT
    'latest' AS kind, source AS of, CAST(NULL, 'Nullable(Decimal(76, 36))') AS stored,
    CAST(NULL, 'Nullable(Decimal(76, 36))') AS derived,
    concat('stored is ', if(live_snapshot = '', 'none', live_snapshot), ', current is ', snapshot_id) AS detail
FROM rebuilt_latest
WHERE run = {run:String}
ORDER BY source
LIMIT {limit:UInt32}
