"""Words of macros that templates and scripts choose at run time."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "part_macros": "Macros", "about_macros": "Several actions on a case under one name: reply, tags, fields, process steps.",
    "event_macro_saved": "Macro saved", "event_macro_removed": "Macro deleted", "event_macro_run": "Macro run", "cause_macro": "macro",
    "bulk_macro": "Macro", "bulk_custom": "Custom field", "palette_macro": "Macros",
    "bulk_undo_macro": "What can be undone in it is undone together. Notes, replies that have gone and steps of the process stay.",
    "js_macro": "Macro",
}  # fmt: skip
