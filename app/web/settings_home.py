"""The front page of the settings: which parts there are, for those who may open them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from flask import Blueprint

from app.identity import policy
from app.identity.policy import Viewer
from app.web import frame, shell
from app.web.rules import allow_if

blueprint = Blueprint("settings_home", __name__)
opens = allow_if(policy.may_open_settings)


class Part(NamedTuple):
    """A part of the settings; its words are `part_…` and `about_…` in `app.web.setting_words`."""

    key: str
    href: str
    may: Callable[[Viewer], bool]


PARTS = (
    Part("calendars", "/settings/calendars", policy.may_see_settings),
    Part("queues", "/settings/queues", policy.may_see_settings),
    Part("service_levels", "/settings/service-levels", policy.may_see_settings),
    Part("absences", "/absences", policy.may_plan_absences),
    Part("fields", "/settings/fields", policy.may_see_settings),
    Part("checklists", "/settings/checklists", policy.may_see_settings),
    Part("canned", "/settings/canned", policy.may_work_on_cases),
    Part("macros", "/settings/macros", policy.may_work_on_cases),
    Part("people", "/people", policy.may_see_people),
    Part("skills", "/settings/skills", policy.may_manage_teams),
    Part("roles", "/settings/roles", policy.may_manage_roles),
    Part("channels", "/channels", policy.may_configure_channels),
    Part("processes", "/processes", policy.may_see_processes),
)


@blueprint.get("/settings")
@opens
def home() -> str:
    """List the parts of the settings that this viewer may open."""
    viewer = frame.viewer()
    return shell.page("settings.html", section="settings", parts=[part for part in PARTS if part.may(viewer)])
