"""Chats between a visitor's browser and agents: what arrives, what is said, who hears of it, how it ends."""

from __future__ import annotations

from app.orchestration.chatting.arriving import arrived

__all__ = ["arrived"]
