"""Text messages: SMS providers register here as modules of their own."""
