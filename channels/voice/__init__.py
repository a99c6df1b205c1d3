"""Telephone calls: voice providers register here as modules of their own."""
