"""Tools for operators that need both the stores and the broker; no service imports them."""
