"""This service's outbound code: its collections, its identities."""
