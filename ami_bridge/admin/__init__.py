"""What administrators see and do on the page: how it stands, who there is, tokens of all, what is configured."""
