SELECT unit, rows, differences, moving, seconds FROM rebuild_units FINAL WHERE run = {run:String}
