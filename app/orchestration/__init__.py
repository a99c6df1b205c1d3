"""Where cases and processes meet: starts, correlations, capabilities."""
