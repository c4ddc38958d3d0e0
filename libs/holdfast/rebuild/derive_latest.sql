-- The current snapshot of each source, from its snapshots. Only what is stored otherwise is kept.
INSERT INTO rebuilt_latest
    (run, unit, look, source, tenant, provider, account, scope, chain, observed_at, fetched_at, snapshot_id, covers, lines,
     rank, live_snapshot, live_rank, live_digest, seen)
SELECT
    {run:String}, {unit:String}, {look:UInt32}, d.source, d.tenant, d.provider, d.account, d.scope, d.chain, d.observed_at,
    d.fetched_at, d.snapshot_id, d.covers, d.lines,
    bitShiftLeft(toUInt256(toUnixTimestamp64Milli(d.observed_at)), 176)
        + bitShiftLeft(toUInt256(toUnixTimestamp64Milli(d.fetched_at)), 128)
        + toUInt256(reinterpretAsUInt128(reverse(unhex(d.snapshot_id)))) AS right_rank,
    l.snapshot_id AS live_snapshot, l.rank AS live_rank, l.digest AS live_digest,
    cityHash64(d.source, d.digest, l.rank, l.digest) AS seen
FROM
(
    SELECT *, cityHash64(toString((snapshot_id, observed_at, fetched_at, arraySort(covers), lines, account))) AS digest
    FROM
    (
        SELECT
            source, observed_at, snapshot_id, any(s.tenant) AS tenant, any(s.provider) AS provider,
            any(s.account) AS account, any(s.scope) AS scope, any(s.chain) AS chain, max(s.fetched_at) AS fetched_at,
            any(s.covers) AS covers, any(s.lines) AS lines
        FROM snapshots AS s
        WHERE {everything:Bool} OR source IN {sources:Array(String)}
        GROUP BY source, observed_at, snapshot_id
        ORDER BY observed_at DESC, fetched_at DESC, snapshot_id DESC
        LIMIT 1 BY source
    )
) AS d
LEFT JOIN
(
    SELECT *, cityHash64(toString((snapshot_id, observed_at, fetched_at, arraySort(covers), lines, account))) AS digest
    FROM latest_snapshots FINAL
) AS l ON l.source = d.source
WHERE l.digest != d.digest
SETTINGS join_use_nulls = 0
