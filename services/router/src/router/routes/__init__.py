"""The HTTP edge: the desk's pages and sessions."""
