"""One file per kind of forge, found by being there: structure comes in, comments, issues, merges and checks go out."""
