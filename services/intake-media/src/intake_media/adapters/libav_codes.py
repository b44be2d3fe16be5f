"""How a job of the reading process ends; known on both of its sides."""

from __future__ import annotations

DONE = 0
FAILED = 1
NOT_OPENED = 3
"""No demuxer of ours takes the file."""
NO_DECODER = 4
"""The track is in a codec that is not on our list."""
CRASHED = 70
OUT_OF_MEMORY = 71
