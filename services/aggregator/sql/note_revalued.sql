-- Snapshots of days that are over, whose lines new prices may have changed: the price itself was noted when it came, and a
-- day may have been worked out since then, of the lines as they were. The versions of all lines tell what they are worth,
-- so the same is one note however often it is written.
INSERT INTO late_inputs (kind, key, at, place, identity, first, last)
SELECT 'source', source, observed_at, 'revalued', hex(sipHash128(snapshot_id, arraySort(groupArray((line, version))))), now64(3), now64(3)
FROM balances FINAL
WHERE (source, observed_at, snapshot_id) IN
    (SELECT arrayJoin(arrayZip({sources:Array(String)}, {times:Array(DateTime64(3, 'UTC'))}, {snapshots:Array(String)})))
GROUP BY source, observed_at, snapshot_id
SETTINGS do_not_merge_across_partitions_select_final = 1
