"""The past as the warehouse has it, read into the domain's own terms: statements, prices, rates, memberships.

Every reader takes `known_at`: then only what was recorded by that time counts, and the answer is what it would have
been then.
"""
