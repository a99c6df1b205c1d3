"""Brings all kinds of nodes together: importing this registers what tokens do at each of them."""

from __future__ import annotations

from app.workflow.running import activities, adhoc, compensation, gateways, listening, loops, scopes, throwing
from app.workflow.running.graph import BEHAVIOURS

# Each module registers its kinds when it is imported; the names are kept so that none looks superfluous.
MODULES = (activities, adhoc, compensation, gateways, listening, loops, scopes, throwing)

activities.wrap_activities()

REGISTERED = frozenset(BEHAVIOURS)
