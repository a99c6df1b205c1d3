"""Time spent on cases: what agents book, and the timer that runs while they work."""
