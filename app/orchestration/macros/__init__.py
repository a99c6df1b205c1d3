"""Macros: named lists of actions that run on one case together, all of them or none."""
