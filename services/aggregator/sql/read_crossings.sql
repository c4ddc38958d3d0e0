-- Among checks just made, and the next one after each: those whose verdict is not that of the check before. One that
-- could not be judged says nothing; before the first, all is well. Looks back 31 days. One that is within like the check
-- before, but was judged outside earlier, takes that back (`took_back`: the version that said so).
WITH
made AS
(
    SELECT tenant, source, kind, against, platform, at
    FROM format(JSONCompactEachRow,
        'tenant String, source String, kind String, against String, platform String, at DateTime64(3, ''UTC'')',
        {made:String})
),
judged AS
(
    SELECT
        *,
        lagInFrame(toString(verdict), 1, 'within') OVER before AS verdict_before,
        lagInFrame(at, 1) OVER before AS at_before,
        max(at) OVER (PARTITION BY tenant, source, kind, against, platform) AS newest
    FROM source_checks FINAL
    WHERE (tenant, source, kind, against, platform) IN (SELECT tenant, source, kind, against, platform FROM made)
        AND at >= (SELECT min(at) FROM made) - INTERVAL 31 DAY
        AND verdict != 'unknown'
    WINDOW before AS
        (PARTITION BY tenant, source, kind, against, platform ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
SELECT
    tenant, source, kind, against, platform, at, since, toString(version) AS version, account, verdict, ours, theirs, tolerance,
    asset, asset_difference, at = newest AS latest, if(verdict = verdict_before, toString(outside_version), '') AS took_back
FROM judged
WHERE verdict != verdict_before
        AND ((tenant, source, kind, against, platform, at) IN (SELECT * FROM made)
            OR (tenant, source, kind, against, platform, at_before) IN (SELECT * FROM made))
    OR verdict = 'within' AND outside_version > 0 AND (tenant, source, kind, against, platform, at) IN (SELECT * FROM made)
ORDER BY tenant, source, kind, against, platform, at
SETTINGS output_format_json_quote_decimals = 1
