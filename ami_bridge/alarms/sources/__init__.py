"""Where alarms come from; nothing is confirmed to a source before it is on the disk."""
