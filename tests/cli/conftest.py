"""Runs commands as a shell would."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from app import cli


@pytest.fixture
def rung():
    """What sweeping has asked for."""
    return []


@pytest.fixture
def run(db, rung):
    """Run `flask …`; returns click's result."""
    app = Flask("tests", root_path=str(Path(__file__).parent))

    def ring():
        rung.append("ring")
        return 3

    cli.register(app, work=cli.Work(ring=ring, inline=lambda: 5))
    runner = app.test_cli_runner()

    def invoke(*args, **options):
        return runner.invoke(args=[str(arg) for arg in args], **options)

    return invoke
