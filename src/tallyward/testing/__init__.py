"""Public fakes and scripted counterparts, for our tests and for those who build on us."""
