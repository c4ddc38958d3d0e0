-- The chains of all tokens of which anything was stated.
SELECT DISTINCT splitByChar('/', token)[1] AS chain
FROM cluster_overviews
WHERE tenant IN {tenants:Array(String)}
ORDER BY chain
