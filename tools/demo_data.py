"""Fills a running desk with the demo's stories, in a process of its own that ends when they are told."""

from __future__ import annotations

import os

NICE = 10


def fill() -> None:
    """Play the stories that this desk has not seen; who works in the desk meanwhile comes first."""
    os.nice(NICE)
    from app import bootstrap, jobs, realtime
    from app.cli.demo import seeding

    bootstrap.start(pool_size=2)
    seeding.seed(jobs.run, wire=realtime.RedisWire(), say=lambda sentence: print(sentence, flush=True))


if __name__ == "__main__":
    fill()
