"""Use cases: accept, normalise, project, track, correct."""
