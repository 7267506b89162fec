"""MCP on the laptop: our own server for agents, and the proxy before other people's. Thin over `client`."""
