"""Packs the desktop part for a roll-out: the add-on for Firefox, and a package for Debian."""
