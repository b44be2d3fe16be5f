"""Pure rules: what a case is, where it goes and why, when it is due."""
