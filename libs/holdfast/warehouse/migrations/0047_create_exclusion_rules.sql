-- Every rule of every set: `holds` is true of the newest set. A set without rules is one row with a NULL asset.
CREATE OR REPLACE VIEW exclusion_rules AS
SELECT
    s.tenant                    AS tenant,
    s.number                    AS number,
    s.number = max(s.number) OVER (PARTITION BY s.tenant) AS holds,
    nullIf(rule.asset, '')      AS asset,
    nullIf(rule.action, '')     AS action,
    nullIf(rule.portfolio, '')  AS portfolio,
    rule.why                    AS why,
    s.note                      AS note,
    s.created_at                AS created_at
FROM registry_rule_sets AS s FINAL
LEFT ARRAY JOIN s.rules AS rule;

-- What each portfolio would be worth now under a rule set: `rules` is its number, 0 for none at all. What a set says of a
-- portfolio itself outweighs what it says of all.
CREATE OR REPLACE VIEW portfolio_value_under AS
WITH
    said AS
    (
        SELECT p.tenant AS tenant, p.portfolio AS portfolio, r.asset AS asset, argMax(r.action, r.own) AS action
        FROM registry_portfolios AS p FINAL
        INNER JOIN
        (
            SELECT tenant, rule.asset AS asset, rule.action AS action, rule.portfolio AS place, rule.portfolio != '' AS own
            FROM registry_rule_sets FINAL
            ARRAY JOIN rules AS rule
            WHERE number = {rules:UInt32}
        ) AS r ON r.tenant = p.tenant
        WHERE r.place = '' OR r.place = p.portfolio
        GROUP BY tenant, portfolio, asset
    ),
    left_out AS (SELECT toString(tenant), toString(portfolio), asset FROM said WHERE action = 'exclude'),
    judged AS
    (
        SELECT
            tenant, portfolio, side, ifNull(value_usd, 0) AS value, isNull(value_usd) AS unpriced,
            reason != 'receipt_token'
                AND (toString(tenant), toString(portfolio), ifNull(toString(asset), '')) NOT IN (SELECT * FROM left_out) AS counts
        FROM latest_positions
        WHERE {rules:UInt32} = 0
            OR tenant IN (SELECT tenant FROM registry_rule_sets WHERE number = {rules:UInt32})
    )
SELECT
    tenant,
    portfolio,
    {rules:UInt32}                                  AS rules,
    sumIf(value, counts AND side != 'debt')         AS assets,
    sumIf(value, counts AND side = 'debt')          AS debt,
    assets - debt                                   AS net,
    countIf(counts)                                 AS lines,
    countIf(counts AND unpriced)                    AS lines_unpriced,
    countIf(NOT counts)                             AS lines_excluded
FROM judged
GROUP BY tenant, portfolio;
