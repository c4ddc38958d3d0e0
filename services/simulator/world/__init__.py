"""A world as a pure function of (seed, number of wallets) and, for everything that moves, of the instant.

Nothing here is stored, drawn or advanced: an amount or a price at any instant is computed from that
instant alone, in constant time and in integers, so that two processes, or the same one a month
later, say the same to the last digit.
"""
