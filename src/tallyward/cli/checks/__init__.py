"""The checks of `tally doctor`, one file each, found by being there."""
