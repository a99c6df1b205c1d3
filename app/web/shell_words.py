"""The English of keys that the shell shows: shortcuts and their headings, groups of the palette, kinds of notices."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "keys_always": "Always", "keys_desk": "Everywhere", "keys_list": "Cases and tabs", "keys_case": "In a case",
    "key_search": "Search", "key_sheet": "This sheet", "key_notices": "Notices", "key_filter": "Filter the list", "key_next": "Next case",
    "key_previous": "Previous case", "key_tab_before": "Tab before", "key_tab_after": "Tab after",
    "key_tab_close": "Close this tab", "key_reply": "Write a reply", "key_note": "Write a note",
    "key_task": "To the form of the next step", "key_chase": "Chase, when the process offers it",
    "key_amend": "Amend, when the process offers it", "key_dispatch": "Dispatch, when the process offers it",
    "key_print": "Print this case",
    "chord_all": "Everything that can be done here", "chord_send": "Send", "chord_leave": "Leave a field or a dialog",
    "density_comfortable": "comfortable", "density_compact": "compact",
    "palette_action": "Actions", "palette_page": "Pages", "palette_case": "Cases", "palette_person": "People",
    "palette_setting": "Settings", "palette_recent": "Recent",
    "setting_look": "Appearance and density", "setting_keys": "Keyboard shortcuts", "setting_telling": "Notifications",
    "setting_password": "Password", "setting_tokens": "API tokens",
    "notice_assigned": "Assigned to me", "notice_message": "A customer wrote", "notice_chased": "Chased",
    "notice_mentioned": "Mentioned", "notice_due": "Due soon", "notice_breached": "Overdue", "notice_other": "Other news",
    "js_tab_news": "New in an open tab: {name}", "js_opened": "{title} is open", "js_tab_closed": "Tab closed",
    "js_unread": "{count} unread", "js_permission_granted": "This browser may show them.",
    "js_permission_denied": "This browser forbids it: allow notifications for this site in its settings.",
    "js_permission_default": "This browser has not been asked yet.",
    "js_moment_live": "Live: as it is now", "js_results_none": "Nothing found", "js_results": "{count} found",
}  # fmt: skip
