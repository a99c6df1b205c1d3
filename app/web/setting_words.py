"""The English of keys that the pages of the settings show."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "nav_settings": "Settings", "weekday_mon": "Monday", "weekday_tue": "Tuesday", "weekday_wed": "Wednesday",
    "weekday_thu": "Thursday", "weekday_fri": "Friday", "weekday_sat": "Saturday", "weekday_sun": "Sunday",
    "event_calendar_days_added": "Days added", "event_calendar_days_removed": "Days removed",
    "part_calendars": "Calendars", "about_calendars": "Opening hours, holidays and days with hours of their own. All time limits count in them.",
    "part_queues": "Queues", "about_queues": "Where work waits: which team serves it, and which calendar counts.",
    "part_people": "People and teams", "about_people": "Who works here, what they may do, and in which team.",
    "part_channels": "Channels", "about_channels": "The mailboxes through which customers reach you.",
    "part_processes": "Processes", "about_processes": "The diagrams that drive cases and work orders.",
    "ical_exception": "it changes one occurrence of another event", "ical_hours": "it has hours; only events of whole days are days off",
    "ical_no_date": "it has no date that can be read", "ical_long": "it takes more than two months",
    "ical_rules": "it has several rules of recurrence", "ical_often": "its rule counts hours or minutes",
    "ical_old": "it recurs since before 1970", "ical_unreadable": "its rule of recurrence cannot be read",
    "ical_special": "its rule of recurrence is too special: enter these days by hand",
    # Sentences of a calendar that cannot be, as they arrive from `app.sla.calendar`.
    "calendar_span": "{0}: “{1}” is not a time span; write it as 09:00-18:00.", "calendar_overlap": "{0}: opening hours overlap; merge them.",
    "calendar_backwards": "{0}: opening hours must end after they begin; split a night shift at midnight.",
    "calendar_zone": "“{0}” is not a known time zone; use a name such as Europe/Berlin.",
}  # fmt: skip
