"""Pure rules of the media adapter: no I/O, no framework."""
