-- What one portfolio was worth at an instant, as known at a time.
SELECT sum(multiIf(NOT counted OR isNull(value_usd), 0, side = 'debt', -assumeNotNull(value_usd), assumeNotNull(value_usd))) AS net
FROM positions_as_known(
    tenant = {tenant:String}, portfolio = {portfolio:String}, at = {at:DateTime64(3, 'UTC')},
    known_at = {known_at:DateTime64(3, 'UTC')}, ranking = {ranking:Array(String)})
