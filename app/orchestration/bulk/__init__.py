"""One action on many cases: chosen, looked at first, done by a job in portions, stopped, undone."""
