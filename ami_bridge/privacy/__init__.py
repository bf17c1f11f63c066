"""What is stored about a person: shown to them, handed out, erased; and who looked at what of others."""
