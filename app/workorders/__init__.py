"""Work orders: work dispatched to one party under a case, with its own closed loop."""
