"""The small languages a process designer may write: expressions, times, scripts and FEEL.

Nothing in here knows a database, and nothing a designer writes ever runs as Python.
"""
