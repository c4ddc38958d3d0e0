"""`holdfast reparse`: what upstreams once said, read again with today's parsers.

A mistake of a parser is corrected by a statement of the same instant that was fetched now: it is the current one from
then on, everything that follows from it is worked out again, and what was known before stays known.
"""
