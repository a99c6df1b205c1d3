"""Custom fields: what a desk wants to know of its cases beyond what every case has.

`keeping` owns the fields, `values` what cases say in them, `kinds` reads and shows values of each kind without the database.
"""
