"""What an agent program starts at each event. Standard library only, silent, and never in the way."""
