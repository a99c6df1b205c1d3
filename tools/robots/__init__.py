"""Robots that answer the same cases at the same time: nobody may answer twice, and nothing that was taken may be lost.

`python -m tools.robots --agents 50 --cases 20 --seconds 60` starts a desk of its own with several web processes. Customers write by
mail and write again; agents answer at once, later or not at all, leave notes, take cases over, and write on drafts together, each from
two machines. At the end what the desk acknowledged is compared with what stands in its database and arrived at the far end.
"""
