"""The English of keys that the pages of the settings show."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "nav_settings": "Settings", "weekday_mon": "Monday", "weekday_tue": "Tuesday", "weekday_wed": "Wednesday",
    "weekday_thu": "Thursday", "weekday_fri": "Friday", "weekday_sat": "Saturday", "weekday_sun": "Sunday",
    "event_calendar_days_added": "Days added", "event_calendar_days_removed": "Days removed",
    "part_calendars": "Calendars", "about_calendars": "Opening hours, holidays and days with hours of their own. All time limits count in them.",
    "part_queues": "Queues", "about_queues": "Where work waits: which team serves it, and which calendar counts.",
    "part_absences": "On duty", "about_absences": "Who is away and until when, who stands in, and handing over what they have in hand.",
    "part_fields": "Custom fields", "about_fields": "What you want to know of your cases beyond subject, type and priority.",
    "part_checklists": "Checklists", "about_checklists": "The steps that nobody should forget, by kind of case.",
    "event_checklist_template_saved": "Checklist saved", "event_checklist_template_removed": "Checklist deleted",
    "kind_text": "Line of text", "kind_long_text": "Long text", "kind_integer": "Whole number", "kind_decimal": "Number", "kind_yes_no": "Yes or no",
    "kind_date": "Date", "kind_choice": "One of several", "kind_choices": "Several of several", "kind_link": "Link",
    "event_custom_field_saved": "Custom field saved",
    "language_en": "English", "language_zh": "Chinese", "part_canned": "Canned replies", "about_canned": "Texts that agents put into what they write, with names and numbers filled in.",
    "event_canned_saved": "Canned reply saved", "event_canned_removed": "Canned reply deleted",
    "variable_customer.name": "the customer's name", "variable_customer.organization": "the customer's organization", "variable_case.number": "the number of the case",
    "variable_case.subject": "the subject of the case", "variable_case.opened_on": "the day the case was opened", "variable_agent.name": "the name of whoever writes",
    "variable_queue.name": "the queue of the case", "variable_team.name": "the team of the case", "variable_today": "today's date",
    "js_canned": "Canned replies", "js_canned_found": "{count} canned replies", "js_canned_none": "No canned reply found", "js_unfilled": "Still to fill in: {names}. Tab leads to the next.",
    "part_people": "People and teams", "about_people": "Who works here, what they may do, and in which team.",
    "part_channels": "Channels", "about_channels": "The mailboxes through which customers reach you.",
    "part_processes": "Processes", "about_processes": "The diagrams that drive cases and work orders.",
    "ical_exception": "it changes one occurrence of another event", "ical_hours": "it has hours; only events of whole days are days off",
    "ical_no_date": "it has no date that can be read", "ical_long": "it takes more than two months",
    "ical_rules": "it has several rules of recurrence", "ical_often": "its rule counts hours or minutes",
    "ical_old": "it recurs since before 1970", "ical_unreadable": "its rule of recurrence cannot be read",
    "ical_special": "its rule of recurrence is too special: enter these days by hand",
    "part_service_levels": "Service levels", "about_service_levels": "What you promise to whom: first answer, further answers, resolution.",
    "clock_first_response": "First response", "clock_next_response": "Next response", "clock_resolution": "Resolution",
    "about_first_response": "From the opening of the case to the first answer of a person.",
    "about_next_response": "From a further message of the customer to the next answer.",
    "about_resolution": "From the opening of the case until it is resolved.",
    "sla_priority": "priority", "sla_type": "type", "sla_tier": "tier", "sla_queue": "queue",
    "told_agent": "the agent, or the team while nobody has it", "told_lead": "the team's leads",
    "event_sla_policy_saved": "Service level saved", "event_sla_policy_moved": "Service level moved", "event_sla_policy_removed": "Service level deleted",
    "event_sla_started": "Clock started", "event_sla_changed": "Clock counted again", "event_sla_paused": "Clock rests",
    "event_sla_resumed": "Clock runs again", "event_sla_met": "Time limit met", "event_sla_dropped": "Clock not needed any more",
    "event_sla_warned": "Time limit is near", "event_sla_breached": "Time limit has passed",
    # Sentences of a calendar that cannot be, as they arrive from `app.sla.calendar`.
    "calendar_span": "{0}: “{1}” is not a time span; write it as 09:00-18:00.", "calendar_overlap": "{0}: opening hours overlap; merge them.",
    "calendar_backwards": "{0}: opening hours must end after they begin; split a night shift at midnight.",
    "calendar_zone": "“{0}” is not a known time zone; use a name such as Europe/Berlin.",
}  # fmt: skip
