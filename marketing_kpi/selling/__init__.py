"""The machinery of `sales`: the tree of revenue, its season, visits and what they lead to."""
