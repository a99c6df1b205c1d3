"""Fax providers register here as modules of their own."""
