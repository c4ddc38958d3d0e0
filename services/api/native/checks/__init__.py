"""Numbers held against each other: ours, those that providers computed themselves, and a point against the last."""
