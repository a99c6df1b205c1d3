"""Business time and service levels: calendars, policies and the clocks that run on them."""
