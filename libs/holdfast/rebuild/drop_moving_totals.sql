-- What was seen once is no difference: an event was on its way. Parts of the table change one after another, so rows that
-- this very statement may have taken out of one must not be asked for when it comes to the next: it reads earlier looks only.
DELETE FROM rebuilt_totals
WHERE run = {run:String} AND unit = {unit:String} AND look = {look:UInt32} AND seen NOT IN
    (SELECT seen FROM rebuilt_totals WHERE run = {run:String} AND unit = {unit:String} AND look < {look:UInt32})
