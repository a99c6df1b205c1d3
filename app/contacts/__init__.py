"""People and organizations outside, and the addresses they write from."""
