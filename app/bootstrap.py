"""Composition root: the only module that knows all rooms and wires them together."""

from __future__ import annotations

import importlib

from sqlalchemy import MetaData

from app import db

ROOMS_WITH_MODELS = (
    "identity",
    "audit",
    "sla",
    "routing",
    "contacts",
    "knowledge",
    "workflow",
    "cases",
    "workorders",
    "messaging",
    "orchestration",
)


def metadata() -> MetaData:
    """Return the metadata with the tables of all rooms."""
    importlib.import_module("app.blobs")
    importlib.import_module("app.schedule")
    for room in ROOMS_WITH_MODELS:
        importlib.import_module(f"app.{room}.models")
    return db.Base.metadata
