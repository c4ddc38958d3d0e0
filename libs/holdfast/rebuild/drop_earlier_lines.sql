-- What was seen more than once is told once, as it was seen last.
DELETE FROM rebuilt_lines
WHERE run = {run:String} AND unit = {unit:String} AND look < {look:UInt32}
