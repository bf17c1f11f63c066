"""Desk telephones that are steered over their own web server: what the manager interface cannot do."""
