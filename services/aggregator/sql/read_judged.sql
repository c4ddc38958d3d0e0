-- How some checks are judged in what is stored.
SELECT tenant, source, kind, against, platform, toString(at), verdict, toString(version), toString(outside_version)
FROM source_checks FINAL
WHERE (tenant, source, kind, against, platform, at) IN
(
    SELECT tenant, source, kind, against, platform, at
    FROM format(JSONCompactEachRow,
        'tenant String, source String, kind String, against String, platform String, at DateTime64(3, ''UTC'')',
        {made:String})
)
