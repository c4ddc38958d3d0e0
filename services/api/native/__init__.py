"""`/v1`, a folder for each kind of answer: in it a file is a route with its answer and, beside it, the SQL it asks.

What every answer has is here: how far it can be trusted, and the two instants that it is of. `totals` is what the rest
may build upon; the other folders do not know each other.
"""
