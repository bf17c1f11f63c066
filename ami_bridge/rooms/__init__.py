"""Conference rooms that people make themselves, and companies dial into."""
