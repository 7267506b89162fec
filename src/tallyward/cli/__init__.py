"""The terminal: thin commands over `client`."""
