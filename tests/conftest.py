"""Fixtures for all tiers; never imported."""

pytest_plugins = ["tests.support.infrastructure", "tests.support.stack", "tests.support.reading"]
