"""Deliveries of forges, one file per sender: signed bytes in, facts out, and none of the words that people wrote."""
