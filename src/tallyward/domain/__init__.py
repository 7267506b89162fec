"""Nouns and rules, with no input or output: what a fire is, who may do what, what counts."""
