"""Neighbours that do what a test tells them."""
