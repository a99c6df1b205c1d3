"""Canned texts that processes and agents send."""
