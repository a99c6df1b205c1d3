"""Cases: what a customer wants settled. Does not know that processes exist."""
