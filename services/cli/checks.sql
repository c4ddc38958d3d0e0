-- How the cross-checks of a portfolio's accounts stand, what disagrees first.
SELECT source,
    multiIf(kind = 'other_source', against, kind = 'reported_return', 'its own return', concat('its own total ', platform)) AS against,
    verdict, reason, ours, theirs,
    difference, asset, at
FROM cross_checks
WHERE tenant = {tenant:String}
  AND account IN (SELECT account FROM portfolio_sources WHERE tenant = {tenant:String} AND portfolio = {portfolio:String})
ORDER BY verdict = 'outside' DESC, source, against
