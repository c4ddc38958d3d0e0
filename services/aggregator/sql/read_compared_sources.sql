-- Who is compared with whom among the accounts of some sources: the counted source of an account and scope, and each
-- further one of it.
WITH settings AS
(
    SELECT tenant, account, s.provider AS provider, s.scope AS scope, s.counted AS counted
    FROM registry_accounts FINAL
    ARRAY JOIN sources AS s
    WHERE NOT deleted AND s.feed = 'balances'
        AND (tenant, account) IN
        (
            SELECT splitByChar('/', source)[1], splitByChar('/', source)[3]
            FROM (SELECT arrayJoin(JSONExtract({sources:String}, 'Array(String)')) AS source)
        )
)
SELECT
    concat(c.tenant, '/', c.provider, '/', c.account, '/', c.scope),
    concat(o.tenant, '/', o.provider, '/', o.account, '/', o.scope)
FROM settings AS c
INNER JOIN settings AS o ON o.tenant = c.tenant AND o.account = c.account AND o.scope = c.scope
WHERE c.counted AND NOT o.counted
