-- Current snapshots as they should be, beside the wrong ones. A newer one that came in meanwhile stays the newest.
INSERT INTO latest_snapshots
    (source, tenant, provider, account, scope, chain, observed_at, fetched_at, snapshot_id, covers, lines, rank)
SELECT source, tenant, provider, account, scope, chain, observed_at, fetched_at, snapshot_id, covers, lines, rank
FROM rebuilt_latest
WHERE run = {run:String}
