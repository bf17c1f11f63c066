"""Sounds as numbers: read, written, brought to another rate, made as loud as they should be, listened to."""
