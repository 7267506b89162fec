"""The laptop's side of the wire: the durable spool, the sender and what they know. Standard library only."""
