"""Words of bulk actions and of the tray that templates and scripts choose at run time."""

from __future__ import annotations

from typing import Final

WORDS: Final = {
    "bulk_fields": "Change fields", "bulk_tags": "Tags", "bulk_watch": "Watch", "bulk_snooze": "Lay aside",
    "bulk_reply": "Reply", "bulk_note": "Note", "bulk_verb": "Process action", "bulk_task": "Complete a task",
    "bulk_merge": "Merge into one case", "bulk_migration": "Move running cases",
    "bulk_undo_all": "This can be undone: what somebody changes in the meantime stays and is listed.",
    "bulk_undo_reply": "Replies go out after five minutes. Until then this can be undone; what has gone cannot be called back.",
    "bulk_undo_note": "This cannot be undone: notes stay on record.",
    "bulk_undo_process": "This cannot be undone: a process does not go back.",
    "bulk_undo_none": "This takes back what was changed before.",
    "bulk_state_running": "under way", "bulk_state_done": "done", "bulk_state_stopped": "stopped",
    "key_pick": "Select a case", "key_bulk": "Change the selected cases", "cause_bulk": "bulk action",
    "js_picked": "{count} selected", "js_job_done": "Long work is done", "js_job_stopped": "Long work was stopped",
}  # fmt: skip

#: Why a case refuses, where it is said by bulk actions alone.
TEXTS: Final = (
    "Something went wrong on our side. Try this case again.",
    "You have begun a reply on this case: send it or throw it away first.",
    "This task is not open on this case.", "This task is for another team or person.",
    "The process does not accept this now.", "The process does not offer this to you.",
    "There is no such case, or it is not for you.", "Your role may look at cases, not work on them.",
    "A closed case needs no snooze.", "Some fields need another look.",
    "This reply does not wait any more: it has gone, or somebody took it back.",
)  # fmt: skip
