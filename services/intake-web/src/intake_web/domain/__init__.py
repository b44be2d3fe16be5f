"""Pure rules: what is accepted, and what its life looks like. No I/O."""
