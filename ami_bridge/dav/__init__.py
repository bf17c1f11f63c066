"""Address books and calendars, spoken to over WebDAV."""
