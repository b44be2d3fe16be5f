"""Minsheng."""
