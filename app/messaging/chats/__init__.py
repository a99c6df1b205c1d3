"""Chats: visitors of a website with their tokens, what they see, how far both sides have read."""
