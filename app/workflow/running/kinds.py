"""Brings all kinds of nodes together: importing this registers what tokens do at each of them."""

from __future__ import annotations

from app.workflow.running import activities, adhoc, compensation, gateways, listening, loops, scopes, throwing

MODULES = (activities, adhoc, compensation, gateways, listening, loops, scopes, throwing)

activities.wrap_activities()

READY = True
