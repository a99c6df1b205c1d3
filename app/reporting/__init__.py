"""Read models over several rooms: counters and closed-loop views."""
