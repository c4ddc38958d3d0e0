-- The wrong ones, and nothing but these very rows.
DELETE FROM latest_snapshots
WHERE (source, rank, cityHash64(toString((snapshot_id, observed_at, fetched_at, arraySort(covers), lines, account)))) IN
    (SELECT source, live_rank, live_digest FROM rebuilt_latest WHERE run = {run:String} AND live_snapshot != '')
