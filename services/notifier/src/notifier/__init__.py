"""Notices: what residents are told, by mail and on the tracking page, and the proof that they were told."""
