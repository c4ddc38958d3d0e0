SELECT *
FROM portfolio_explained(tenant = {tenant:String}, portfolio = {portfolio:String}, at = {at:DateTime64(3, 'UTC')})
ORDER BY source, line
