"""HTTP edge: decode, build a command, handle."""
