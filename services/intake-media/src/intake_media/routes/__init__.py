"""The HTTP edge of the media adapter."""
