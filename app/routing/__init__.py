"""Queues: where work waits, which team serves it, which calendar counts."""
