"""The local relay: takes an agent's telemetry and its HTTP hooks on loopback, strips them, and spools what is left."""
