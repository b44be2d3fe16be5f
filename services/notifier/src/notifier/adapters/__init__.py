"""Outbound: database, vault, mail server, letters."""
