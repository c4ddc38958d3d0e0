"""`/v1`: each file is a route, its answer and, beside it, the SQL it asks."""
