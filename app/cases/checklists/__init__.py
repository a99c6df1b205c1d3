"""Checklists: what has to be done on a case, point by point.

`items` owns the points of a case, `templates` the lists that a desk keeps for its kinds of cases.
"""
