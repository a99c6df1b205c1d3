"""Conformance commands: runs public test suites, given as folders, against the engine."""
