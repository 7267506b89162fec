"""Where points of training series go from here. One file is one kind of sink, found by being there."""
