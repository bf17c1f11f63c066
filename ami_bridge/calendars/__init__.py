"""Appointments as calendars keep them: read, and given what we add to them."""
