-- The first block of a chain that anything is stored of.
SELECT number AS place, number, time
FROM blocks FINAL
WHERE chain = {chain:String}
ORDER BY number
LIMIT 1
