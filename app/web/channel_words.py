"""The English of keys that the pages of channel accounts show: causes, parts of a long form, and what can be chosen in it."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "reason_bad_address": "not a valid address", "reason_no_such_recipient": "no such recipient",
    "reason_mailbox_full": "the mailbox is full", "reason_blocked": "refused by a policy",
    "reason_unsubscribed": "not wanted by the person", "reason_content_refused": "the content was refused",
    "reason_too_large": "too large", "reason_unreachable": "cannot be reached", "reason_busy": "busy",
    "reason_no_answer": "no answer", "reason_expired": "given up after long trying", "reason_loop": "went in a circle",
    "reason_rate_limited": "too much at once", "reason_timed_out": "no answer in time",
    "reason_connection_lost": "the connection broke", "reason_unknown_host": "no server has that name",
    "reason_tls_failed": "no trusted encrypted connection", "reason_bad_credentials": "the login was refused",
    "reason_folder_missing": "the folder is missing", "reason_misconfigured": "a setting is missing or wrong",
    "reason_vendor_fault": "the server made a mistake", "reason_outside_window": "only a template may be sent now",
    "part_imap": "Fetching by IMAP", "part_smtp": "Sending by SMTP", "part_oauth": "Login with OAuth2 (Exchange Online, Gmail)",
    "option_inbound_listener": "sent to the desk's own listener", "option_inbound_imap": "fetched by IMAP",
    "option_inbound_none": "not at all",
    "option_imap_security_none": "none (this machine only)", "option_imap_security_starttls": "STARTTLS",
    "option_imap_security_tls": "TLS", "option_smtp_security_none": "none (this machine only, or without login)",
    "option_smtp_security_starttls": "STARTTLS", "option_smtp_security_tls": "TLS",
    "option_imap_first_unseen": "take the unread", "option_imap_first_all": "take all of it",
    "option_imap_first_none": "leave it", "option_imap_after_seen": "mark as read",
    "option_imap_after_flag": "mark as read and flagged", "option_imap_after_move": "move to a folder",
    "option_login_address": "in the send address", "option_login_basic": "basic (user and password)", "option_login_bearer": "bearer (a token)",
    "delivery_deferred": "put off, tried again", "delivery_delayed": "delayed on the way",
    "event_account_removed": "Account removed",
}  # fmt: skip
