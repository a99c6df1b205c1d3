"""The closed-loop record: one hash chain of events per case, verifiable offline."""
