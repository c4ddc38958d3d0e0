-- The counted sources of each portfolio now: of the registry's newest revision, inside their validity.
CREATE OR REPLACE VIEW portfolio_sources AS
SELECT
    m.tenant     AS tenant,
    m.portfolio  AS portfolio,
    m.source     AS source,
    m.account    AS account,
    m.provider   AS provider,
    m.scope      AS scope,
    m.valid_from AS valid_from,
    m.valid_to   AS valid_to
FROM registry_portfolio_sources AS m FINAL
INNER JOIN registry_portfolios AS p FINAL
    ON p.tenant = m.tenant AND p.portfolio = m.portfolio AND p.revision = m.revision
WHERE NOT p.deleted AND m.valid_from <= now64(3) AND now64(3) < m.valid_to;
