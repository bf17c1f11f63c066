"""Computer telephony integration for Asterisk: calls by name, live, on every desk."""

__version__ = "0.1.0"
