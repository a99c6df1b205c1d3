"""Tests that kill, pause and cut off real processes."""
