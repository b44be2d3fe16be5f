"""Composition roots: `api` takes uploads, `worker` transcribes them. Keyword arguments are the test seams."""

from intake_media.bootstrap.outside import Outside
from intake_media.bootstrap.uploading import api
from intake_media.bootstrap.working import worker

__all__ = ["Outside", "api", "worker"]
