-- That a unit was finished: it is of less than there is by now.
DELETE FROM rebuild_units WHERE run = {run:String} AND unit = {unit:String}
