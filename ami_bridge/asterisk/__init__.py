"""The telephone system, spoken to over its manager interface."""
