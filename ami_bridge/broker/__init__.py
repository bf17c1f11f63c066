"""A terminal server's broker: the kernel says who asks, and they get a token without typing anything."""
