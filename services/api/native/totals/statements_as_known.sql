-- The statement of each member at an instant, as known at a time.
SELECT source, observed_at
FROM statements_as_known(
    tenant = {tenant:String}, portfolio = {portfolio:String}, at = {at:DateTime64(3, 'UTC')},
    known_at = {known_at:DateTime64(3, 'UTC')})
ORDER BY source
