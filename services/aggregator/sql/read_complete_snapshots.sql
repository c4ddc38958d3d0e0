-- Snapshots of which every part is stored, as `snapshots` wants them. Of several copies of a part the earliest
-- counts; the whole is recorded when the last of its parts was.
SELECT
    source, observed_at, snapshot_id,
    any(tenant) AS tenant, any(provider) AS provider, any(account) AS account, any(scope) AS scope, any(chain) AS chain,
    max(fetched_at) AS fetched_at, max(recorded) AS recorded_at, max(job_id) AS job_id,
    max(block_number) AS block_number, max(block_hash) AS block_hash, max(block_time) AS block_time,
    groupUniqArrayArray(raw) AS raw, arraySort(groupUniqArrayArray(covers)) AS covers,
    any(lines) AS lines, lower(hex(sipHash128(arraySort(groupArray((part, held)))))) AS holdings, max(seq) AS stream_seq
FROM
(
    SELECT
        source, observed_at, snapshot_id, part,
        any(parts) AS parts, any(tenant) AS tenant, any(provider) AS provider, any(account) AS account,
        any(scope) AS scope, any(chain) AS chain, max(fetched_at) AS fetched_at, min(recorded_at) AS recorded,
        max(job_id) AS job_id, max(block_number) AS block_number, max(block_hash) AS block_hash,
        max(block_time) AS block_time, groupUniqArrayArray(raw) AS raw, groupUniqArrayArray(covers) AS covers,
        any(lines) AS lines, any(holdings) AS held, min(stream_seq) AS seq
    FROM snapshot_parts
    WHERE (source, observed_at, snapshot_id) IN
        (SELECT arrayJoin(arrayZip({sources:Array(String)}, {times:Array(DateTime64(3, 'UTC'))}, {snapshots:Array(String)})))
    GROUP BY source, observed_at, snapshot_id, part
)
GROUP BY source, observed_at, snapshot_id
HAVING count() = any(parts)
SETTINGS output_format_json_quote_64bit_integers = 0
