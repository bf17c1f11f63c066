"""Finished calls: kept for a while, read by those whom they concern, done when somebody has called back."""
