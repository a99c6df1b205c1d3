"""Chat: the web widget and messenger providers register here as modules of their own."""
