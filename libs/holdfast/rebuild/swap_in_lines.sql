-- Lines as they should be, beside the wrong ones. A newer one that came in meanwhile stays the newest.
INSERT INTO balances
SELECT b.* REPLACE
(
    r.price_usd AS price_usd, r.value_usd AS value_usd, r.price_source AS price_source, r.price_at AS price_at,
    r.reason AS reason, r.version AS version
)
FROM (SELECT * FROM rebuilt_lines WHERE run = {run:String}) AS r
INNER JOIN
(
    SELECT * FROM balances FINAL
    WHERE (source, observed_at, snapshot_id) IN
        (SELECT source, observed_at, snapshot_id FROM rebuilt_lines WHERE run = {run:String})
) AS b ON b.source = r.source AND b.observed_at = r.observed_at AND b.snapshot_id = r.snapshot_id AND b.line = r.line
