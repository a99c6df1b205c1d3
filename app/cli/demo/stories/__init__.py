"""All stories of the demo."""

from __future__ import annotations

from app.cli.demo.stories import repairs, stuck
from app.cli.demo.telling import Story

STORIES: tuple[Story, ...] = (*stuck.STORIES, *repairs.STORIES)
