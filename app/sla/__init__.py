"""Business time: calendars and their arithmetic."""
