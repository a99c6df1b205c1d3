"""Words that templates and scripts choose at run time: each key's English text, and plain values that are shown as they are.

Translators find them in the .po files like any other text; a test fails when a state, view or event has none here.
"""

from __future__ import annotations

from typing import Final

from app.web import (
    bulk_words,
    channel_words,
    chat_words,
    fault_words,
    hook_words,
    macro_texts,
    notice_words,
    role_words,
    setting_words,
    shell_words,
)

# Shown as they are in English: roles, states, verbs, priorities, kinds.
PLAIN: Final = (
    "agent", "manager", "designer", "admin",
    "new", "open", "dispatched", "waiting", "resolved", "archived", "cancelled", "merged",
    "low", "normal", "high", "urgent",
    "dispatch", "reply", "chase", "amend", "cancel", "archive", "accept", "decline", "review", "accepted",
    "email", "voice", "sms", "chat", "fax", "letter", "web", "phone", "telegram", "schedule",
    "incident", "fault", "request", "complaint", "question", "problem", "change", "repair", "appointment", "billing",
    "cancellation", "emergency",
    "auto", "light", "dark", "time limit", "first response", "next response", "paused", "acceptance", "answer to the customer", "confirmation", "consent",
    "customer's answer", "new dispatch", "resolution",
    "standard", "silver", "gold", "platinum", "vip",
    "possible", "likely", "very likely", "warned", "blocked",
    "customer wrote", "customer answered", "customer wrote after the answer", "cancellation asked for",
    "cancellation refused", "amended", "reopened",
    "first response: time limit passed", "next response: time limit passed", "resolution: time limit passed",
    "Something went wrong on our side. When you report it, name the error number.",
    "auto-reply", "list", "loop", "none",
    "The new version has no such element.", "It is of another kind in the new version.",
    "It stands inside another sub-process in the new version.", "It waits for something else in the new version.",
    "It is done another number of times in the new version.", "It calls another process in the new version.",
    "The flow on which it came is not in the new version.", "What was done inside it could not be undone in the new version.",
    "An activity that is left to do inside it is not in the new version.",
    "The request could not be understood.", "There is nothing here, or it is not for you.", "This can not be done here.", "This is too large.",
    "Bad Request", "Unauthorized", "Forbidden", "Not Found", "Method Not Allowed", "Conflict", "Gone",
    "Request Entity Too Large", "Content Too Large", "Unsupported Media Type", "Unprocessable Entity",
    "Unprocessable Content", "Too Many Requests", "Internal Server Error", "Service Unavailable",
    "shipped with Ringback",
)  # fmt: skip

_SHELL = {
    "nav_inbox": "Inbox", "nav_orders": "Work orders", "nav_contacts": "Contacts", "nav_processes": "Processes", "nav_faults": "Faults",
    "nav_channels": "Channels", "nav_people": "People",
    "view_mine": "My work", "view_unassigned": "Unassigned", "view_team": "My team", "view_chased": "Chased",
    "view_due": "Due soon", "view_breached": "Overdue", "view_waiting": "Waiting", "view_snoozed": "Laid aside", "view_all": "All open",
    "view_archived": "Archived", "view_search": "Search",
    "hint_number": "The same number: %(seen)s", "hint_signature": "The same number below their mails: …%(seen)s",
    "hint_name": "The same name: %(seen)s", "hint_mailbox": "The same name before the @: %(seen)s",
    "hint_reply_to": "Answers are wanted at the other's address: %(seen)s",
    "hint_copied": "One was in Cc of the other: %(seen)s", "hint_organization": "The same organization: %(seen)s",
    "span_days": "%(num)s d", "span_hours": "%(num)s h", "span_minutes": "%(num)s min", "span_seconds": "%(num)s s",
}  # fmt: skip

_STATES = {
    "delivery_queued": "queued", "delivery_sending": "sending", "delivery_sent": "sent", "delivery_delivered": "delivered",
    "delivery_failed": "failed", "delivery_bounced": "bounced", "delivery_in_doubt": "in doubt: perhaps sent",
    "instance_waiting": "running", "instance_completed": "completed", "instance_faulted": "stuck",
    "instance_cancelled": "cancelled", "instance_held": "held",
    "health_ok": "works", "health_degraded": "works with trouble", "health_failing": "does not work",
    "health_unknown": "not tried yet", "health_disabled": "switched off",
    "envelope_received": "waiting", "envelope_done": "taken in", "envelope_dropped": "left out", "envelope_failed": "not readable",
    "partly": "partly done", "not_possible": "not possible", "order_draft": "draft", "order_dispatched": "waits for acceptance", "order_declined": "declined",
    "order_accepted": "accepted", "order_replied": "reply is being reviewed", "order_cancelling": "asked to cancel",
    "order_archived": "archived", "order_cancelled": "cancelled",
}  # fmt: skip

_EVENTS = {
    "event_case_opened": "Case opened", "event_case_changed": "Case changed", "event_process_started": "Process started",
    "event_case_archived": "Case archived", "event_case_reopened": "Case reopened", "event_case_chased": "Case chased",
    "event_case_escalated": "Case escalated", "event_case_related": "Case linked to another",
    "event_task_completed": "Task completed", "event_task_claimed": "Task taken", "event_action_taken": "Action taken",
    "event_timer_fired": "Time limit reached", "event_work_order_opened": "Work order opened",
    "event_work_order_dispatched": "Work order dispatched", "event_work_order_accepted": "Work order accepted",
    "event_work_order_declined": "Work order declined", "event_work_order_replied": "Work order replied",
    "event_work_order_archived": "Work order archived", "event_work_order_cancelled": "Work order cancelled",
    "event_work_order_chased": "Work order chased", "event_work_order_amended": "Work order amended",
    "event_work_order_escalated": "Work order escalated", "event_work_order_cancelling": "Cancelling was asked for",
    "event_message_moved": "Message moved", "event_message_received": "Message received",
    "event_message_queued": "Message written", "event_message_sent": "Message sent",
    "event_message_unheard": "No step of the process waits for this message", "event_note_added": "Note added",
    "event_auto_mail_held": "Automatic mail held back", "event_delivery_failed": "Sending failed",
    "event_delivery_bounced": "Mail bounced", "event_delivery_sent": "Mail sent", "event_delivery_delivered": "Delivered",
    "event_delivery_in_doubt": "Sending is in doubt", "event_delivery_repeated": "Sent again",
    "event_fault_raised": "A step got stuck", "event_fault_retried": "Stuck step tried again",
    "event_fault_skipped": "Stuck step skipped", "event_urgency_raised": "Urgency raised",
    "event_attention_drawn": "Attention drawn", "event_chain_sealed": "Chain sealed",
    "event_case_amended": "Case amended", "event_message_written": "Message written", "event_note_written": "Note written",
    "event_work_order_changed": "Work order changed", "event_fault_resolved": "Stuck step resolved",
    "event_delivery_queued": "Mail waits to be sent", "event_delivery_sending": "Mail is being sent",
    "event_process_deployed": "Process version stored", "event_process_published": "Process version published",
    "event_account_saved": "Channel account saved", "event_entry_rule_saved": "Entry rule saved",
    "event_entry_rule_removed": "Entry rule removed", "event_envelope_failed": "Mail could not be read",
    "event_member_added": "Member added", "event_member_removed": "Member removed", "event_team_saved": "Team saved",
    "event_password_changed": "Password changed", "event_signed_in": "Signed in",
    "event_signed_out_everywhere": "Signed out everywhere", "event_token_made": "Token made",
    "event_token_revoked": "Token revoked", "event_user_activated": "User activated", "event_user_changed": "User changed",
    "event_user_created": "User created", "event_user_deactivated": "User deactivated",
    "event_chain_reopened": "Chain reopened", "event_notified": "Notified", "event_reason_given": "Reason given",
    "event_time_limits_moved": "Time limits moved", "event_password_given": "New password given",
    "event_password_link_asked": "Link to a new password asked for", "event_password_link_sent": "Link to a new password sent",
    "event_password_link_failed": "Link to a new password could not be sent",
    "event_password_link_used": "Link to a new password used",
    "event_calendar_saved": "Calendar saved", "event_calendar_removed": "Calendar removed", "event_queue_saved": "Queue saved",
    "event_case_tagged": "Tagged", "event_case_untagged": "Tag removed", "event_case_watched": "Watching begun",
    "event_case_unwatched": "Watching ended", "event_case_snoozed": "Laid aside", "event_case_back": "Back",
    "event_case_fields_changed": "Fields changed", "event_checklist_added": "Added to the checklist", "event_checklist_changed": "Checklist changed",
    "event_checklist_ticked": "Done on the checklist", "event_checklist_unticked": "Open again on the checklist", "event_checklist_moved": "Checklist reordered",
    "event_checklist_removed": "Taken off the checklist", "event_time_booked": "Time booked", "event_time_changed": "Booked time changed",
    "event_time_removed": "Booked time removed", "event_timer_started": "Timer started", "event_timer_discarded": "Timer stopped without booking",
    "event_case_linked": "Linked", "event_case_unlinked": "Link removed", "event_case_merged": "Cases merged",
    "event_case_unmerged": "Merged cases taken apart", "event_case_split": "Case split",
    "event_process_migrated": "Moved to another version", "event_process_migration_begun": "Cases are being moved to another version",
    "event_process_migration_ended": "Cases were moved to another version",
    "event_contact_created": "Contact made", "event_contact_changed": "Contact changed",
    "event_contact_point_added": "Address added", "event_contact_point_verified": "Address checked",
    "event_contact_point_removed": "Address removed", "event_contact_merged": "Merged", "event_contact_unmerged": "Merge undone",
    "event_contacts_told_apart": "Told apart", "event_organization_saved": "Organization changed",
    "event_reply_held": "Reply waits to go out", "event_reply_withdrawn": "Reply did not go out",
    "event_draft_shared": "Draft shared with colleagues", "event_draft_unshared": "Draft is private again", "event_draft_taken": "Draft taken over by a colleague",
    "back_undone": "taken back", "back_refused": "it could not go",
    "event_team_archived": "Team archived", "event_team_restored": "Team taken back",
}  # fmt: skip

_AROUND = {
    "link_related": "related to", "link_parent_of": "parent of", "link_child_of": "child of",
    "link_duplicate_of": "duplicate of", "link_split_from": "split off from", "link_split_into": "split into", "link_duplicated_by": "duplicated by",
    "back_time": "back: its time has come", "back_customer": "back: the customer wrote",
    "back_attention": "back: it needs attention", "back_agent": "taken up again",
}  # fmt: skip

_LISTS = {
    "column_number": "Number", "column_contact": "Customer", "column_status": "Status", "column_priority": "Priority",
    "column_assignee": "Agent", "column_team": "Team", "column_queue": "Queue", "column_channel": "Channel",
    "column_type": "Kind", "column_tags": "Tags", "column_chased": "Chased", "column_checklist": "Checklist", "column_opened": "Opened",
    "column_touched": "Last change", "column_due": "Time limit",
    "order_due": "Next time limit first", "order_touched": "Last change first", "order_quiet": "Longest without change first",
    "order_opened": "Newest first", "order_oldest": "Oldest first",
    "shared_private": "Only me", "shared_team": "One team", "shared_everybody": "Everybody",
    "event_view_saved": "View saved", "event_view_removed": "View deleted", "event_views_arranged": "Views put in order", "event_absence_added": "Absence noted", "event_absence_removed": "Absence taken away",
    "absence_vacation": "vacation", "absence_sick": "sick", "absence_training": "training", "absence_other": "other absence",
}  # fmt: skip

_FIELDS = {
    **_LISTS,
    "field_assignee_id": "agent", "field_contact_id": "customer", "field_contact_name": "customer",
    "field_due_at": "due", "field_due_from": "due from", "field_due_why": "time limit", "field_holder_id": "holder",
    "field_language": "language", "field_priority": "priority", "field_queue_key": "queue", "field_status": "status",
    "field_subject": "subject", "field_type": "type", "field_team_id": "team", "field_attention": "attention",
    "field_reopen_until": "may be reopened until", "field_retain_until": "kept until", "field_account_id": "channel",
    "field_channel": "channel", "field_chase_count": "chased", "field_escalation": "escalation", "field_title": "title",
    "field_name": "name", "field_state": "state", "field_round": "round", "field_login": "login", "field_email": "email", "field_role": "role", "field_locale": "language",
    "field_theme": "appearance", "field_is_unread": "unread", "field_due_within": "time limit", "field_tier": "tier", "field_timezone": "time zone",
    "field_organization_id": "organization", "field_organization": "organization", "field_warning": "warning",
    "field_is_blocked": "blocked", "field_domains": "domains",
    "cause_element": "element", "cause_process": "process", "cause_step": "step", "cause_rule": "rule",
    "cause_timer": "timer", "cause_capability": "capability", "cause_envelope": "mail", "cause_threading": "threading",
    "cause_delivery": "delivery", "cause_task": "task", "cause_action": "action", "cause_message": "message",
    "cause_instance": "process run", "cause_visit": "visit", "cause_why": "because", "cause_decision": "decision",
}  # fmt: skip

_SCRIPTS = {
    "js_now": "just now", "js_completions": "Completions", "js_choices": "{count} completions", "js_failed": "That did not work. Please try again.",
    "js_offline": "The desk cannot be reached. What you wrote is kept; please try again.",
    "js_draft_saved": "Draft saved", "js_draft_saving": "Saving the draft …",
    "js_draft_taken": "A colleague writes this draft now", "js_own_words": "Send or empty what you have begun first",
    "js_draft_failed": "The draft could not be saved",
    "js_draft_moved": "You have written here on another machine since.",
    "js_other_words": "On another machine you wrote: {words}", "js_take_other": "Take that text", "js_keep_mine": "Keep this text", "js_upload_failed": "{name} could not be uploaded.", "js_upload_cut": "The connection was cut.",
    "js_upload_refused": "The server refused it ({status}).", "js_uploaded": "{name} is attached", "js_upload_cancelled": "{name} is not attached",
    "js_upload_waits": "waits", "js_upload_cancel": "Cancel", "js_upload_remove": "Remove", "js_retry": "Try again", "js_uploading_of": "Upload of {name}",
    "js_percent": "{percent} %", "js_upload_under_way": "Still on the way: {names}. Send when they are attached.",
    "js_upload_left": "Not attached: {names}. Try again or remove them, then send.",
    "js_news": "{count} new", "js_new_message": "A new message has arrived",
    "js_notice": "Something needs you", "js_live_lost": "No live connection; trying again",
    "js_live_back": "Live again", "js_no_diagram": "This file has no diagram to show.",
    "js_visited": "{count}×", "js_tokens": "{name}: {count} here now", "js_faults": "{name}: stuck",
    "js_unit_s": "{num} s", "js_unit_min": "{num} min", "js_unit_h": "{num} h", "js_unit_d": "{num} d",
    "js_is_here": "{name} is here", "js_writes_reply": "{name} writes a reply", "js_writes_note": "{name} writes a note",
    "js_more_here": "{count} more",
    "js_process": "Process diagram", "js_show": "Show", "js_hide": "Hide", "js_fit": "Fit to window", "js_zoom_in": "Zoom in", "js_zoom_out": "Zoom out",
}  # fmt: skip

_MODELER = {
    "js_not_bpmn": "This is not a BPMN file:", "js_check_failed": "The check could not be run.",
    "js_no_findings": "Nothing is wrong. It can be published.", "js_checking": "Checking …",
    "js_severity_error": "error", "js_severity_warning": "warning", "js_severity_info": "hint",
    "js_leave": "Your changes are not saved.", "js_replace": "Open another file? Your changes are not saved.",
    "js_decision_files": "Decision files: {names}", "js_saved": "Saved as a draft",
    "js_p_who": "Who does it", "js_p_teams": "Teams that may do it", "js_p_users": "People who may do it",
    "js_p_commas": "Several with commas. ${…} is worked out while it runs.",
    "js_p_form": "Form", "js_p_due": "To be done within", "js_p_duration": "For example PT4H: four hours, P2D: two days.",
    "js_p_calendar": "Counts", "js_p_business": "business hours", "js_p_always": "all hours", "js_p_button": "Button on the desk",
    "js_p_verb": "Verb", "js_p_roles": "Who may press it", "js_p_roles_help": "Roles with commas: agent, manager, holder, customer.",
    "js_p_label": "Label (English)", "js_p_label_zh": "Label (Chinese)", "js_p_name": "Name",
    "js_p_capability": "What it does", "js_p_inputs": "Inputs, one a line: name = value",
    "js_p_outputs": "Results, one a line: name = variable", "js_p_decision": "Decision table",
    "js_p_result": "Keep the result in", "js_p_timer": "Time limit", "js_p_sla": "Service level",
    "js_p_match": "Which message is meant", "js_p_match_when": "Only when", "js_p_match_help": "For example ${message.order == order}",
    "js_p_payload": "What it carries", "js_p_payload_lines": "One field a line: name = value", "js_p_opens": "The case it opens",
    "js_p_subject": "Subject", "js_p_queue": "Queue",
    "js_p_target": "To be reached within", "js_p_labels": "Names in other languages", "js_p_text_zh": "Name (Chinese)",
}  # fmt: skip

KEYS: Final[dict[str, str]] = (
    _SHELL
    | _STATES
    | _EVENTS
    | _AROUND
    | _FIELDS
    | _SCRIPTS
    | _MODELER
    | bulk_words.WORDS
    | channel_words.WORDS
    | chat_words.WORDS
    | fault_words.WORDS
    | hook_words.WORDS
    | macro_texts.WORDS
    | setting_words.WORDS
    | role_words.WORDS
    | shell_words.WORDS
)


def texts() -> list[str]:
    """Return every English text of this module, for the translators."""
    return sorted({*PLAIN, *bulk_words.TEXTS, *notice_words.TEXTS, *KEYS.values()})
