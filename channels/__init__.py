"""Channels: how the desk speaks with the world. Nothing here knows the desk, its tables or its libraries."""
