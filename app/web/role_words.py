"""The English of single rights, one plain sentence each, and of what roles' pages show beside them."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "part_roles": "Roles", "about_roles": "What each role may do, and roles of your own with single rights.",
    "event_role_saved": "Role saved", "event_role_removed": "Role deleted",
    "rights_cases": "Rights on cases", "rights_contacts": "Rights on customers", "rights_shared": "Rights on what is shared",
    "rights_settings": "Rights on settings", "rights_processes": "Rights on processes", "rights_people": "Rights on people",
    "right_cases_all": "See the cases of all teams",
    "right_cases_new": "See cases that lie with no team yet",
    "right_cases_work": "Work on cases: take them, write notes, do tasks and steps",
    "right_cases_reply": "Write to customers",
    "right_cases_lead": "Do the tasks and steps of all teams and colleagues",
    "right_cases_merge": "Merge and split cases, and take that back",
    "right_cases_bulk": "Change many cases at once",
    "right_cases_proof": "Download the record of a case with its proof",
    "right_time_all": "See, export and correct the time of all people",
    "right_contacts_see": "See contacts and organizations",
    "right_contacts_edit": "Add and change contacts and organizations",
    "right_contacts_merge": "Merge people, and take that back",
    "right_canned_all": "Keep canned replies that are shared with everybody",
    "right_macros_all": "Keep macros that are shared with everybody",
    "right_views_all": "Keep views that others have shared",
    "right_settings_see": "Look at how the desk is set",
    "right_calendars": "Change calendars and holidays",
    "right_queues": "Change queues",
    "right_service_levels": "Change service levels",
    "right_fields": "Change custom fields",
    "right_checklists": "Change the checklists that cases can be given",
    "right_channels": "Change and test channels",
    "right_faults": "See stuck steps and failed mails, try again or skip",
    "right_processes_see": "Look at processes and their findings",
    "right_processes_upload": "Draw, check and upload processes",
    "right_processes_publish": "Publish and withdraw processes, and move running cases to them",
    "right_absences": "Note absences, and hand over what people have in hand",
    "right_people": "Add and change people, their roles and passwords",
    "right_teams": "Add and change teams, and say who is in them",
    "right_roles": "Add and change roles",
    "right_tokens": "Make API tokens for oneself",
}  # fmt: skip
