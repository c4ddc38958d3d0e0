-- What one portfolio is worth now, with the quality of what went into it.
SELECT *
FROM portfolio_value
WHERE tenant = {tenant:String} AND portfolio = {portfolio:String}
