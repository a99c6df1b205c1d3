"""Benchmarks of the whole desk with real servers and processes: `python -m bench` measures, prints figures beside targets."""
