"""The acceptance grid: one file per metric of the build spec, each a decision over facts that others gathered."""
