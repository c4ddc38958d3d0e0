-- What an earlier try at this unit, cut short, has left.
DELETE FROM rebuilt_latest WHERE run = {run:String} AND unit = {unit:String}
