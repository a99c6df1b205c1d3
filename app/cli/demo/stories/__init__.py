"""All stories of the demo."""

from __future__ import annotations

from app.cli.demo.stories import closed, long, money, repairs, stuck, today, together
from app.cli.demo.telling import Story

STORIES: tuple[Story, ...] = tuple(
    told for part in (closed, long, money, repairs, stuck, today, together) for told in part.STORIES
)
