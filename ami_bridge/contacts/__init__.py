"""Address books of the groupware and the names they give to numbers."""
