"""The web room: makes the application out of blueprints and the frame around them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from app.settings import MEGABYTE, settings
from app.web import assets, errors, frame, headers, i18n, kept, notice_lines, once, process_words, rules
from app.web.frame import Desk
from app.web.templating import Templates

# Each names a module with a `blueprint`. Order does not matter.
BLUEPRINTS = (
    "app.web.health",
    "app.web.auth",
    "app.web.forgotten",
    "app.web.account",
    "app.web.api",
    "app.web.inbox",
    "app.web.searching",
    "app.web.view_pages",
    "app.web.view_arranging",
    "app.web.told",
    "app.web.case_page",
    "app.web.case_actions",
    "app.web.case_timeline",
    "app.web.case_sending",
    "app.web.case_drafts",
    "app.web.case_texting",
    "app.web.case_around",
    "app.web.case_checklist",
    "app.web.case_time",
    "app.web.case_fields",
    "app.web.checklist_pages",
    "app.web.role_pages",
    "app.web.skill_pages",
    "app.web.working_hours",
    "app.web.case_assigning",
    "app.web.case_merging",
    "app.web.case_splitting",
    "app.web.bulk",
    "app.web.files",
    "app.web.orders",
    "app.web.processes",
    "app.web.migrating",
    "app.web.channels",
    "app.web.operations",
    "app.web.people",
    "app.web.absent",
    "app.web.contacts",
    "app.web.customer",
    "app.web.contact_merging",
    "app.web.organizations",
    "app.web.settings_home",
    "app.web.calendars",
    "app.web.calendar_days",
    "app.web.queues",
    "app.web.service_levels",
    "app.web.custom_fields",
    "app.web.canned_pages",
    "app.web.case_canned",
    "app.web.case_mentions",
    "app.web.macro_pages",
    "app.web.case_macros",
    "app.web.tabs",
    "app.web.preferences",
    "app.web.notices",
    "app.web.palette",
    "app.web.moments",
    "app.web.printing",
    "app.web.presence",
    "app.web.hooks",
    "app.web.visitor",
    "app.web.case_chat",
    "app.web.demo_chat",
    "app.web.chat_desk",
)
MAX_FIELDS_BYTES = 4 * MEGABYTE


def create_app(blueprints: tuple[str, ...] = BLUEPRINTS) -> Desk:
    """Make the application. Raises RuntimeError when a route declares no rule (see `app.web.rules`)."""
    app = Desk(__name__, static_folder="static", static_url_path="/static")
    app.config.update(
        MAX_CONTENT_LENGTH=settings().max_upload_bytes + MEGABYTE,
        MAX_FORM_MEMORY_SIZE=MAX_FIELDS_BYTES,
        MAX_FORM_PARTS=500,
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,
    )
    app.jinja_environment = Templates
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(viewer=frame.optional_viewer, new_mark=once.mark)
    i18n.install(app)
    kept.install(app)
    process_words.install(app)
    notice_lines.install(app)
    assets.install(app)
    rules.public(app.view_functions["static"])
    headers.install(app)
    errors.install(app)
    for name in blueprints:
        _register(app, import_module(name))
    rules.check_all_declared(app)
    proxies = settings().trusted_proxies
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=0)  # type: ignore[method-assign]
    return app


def _register(app: Desk, module: Any) -> None:
    app.register_blueprint(module.blueprint)
