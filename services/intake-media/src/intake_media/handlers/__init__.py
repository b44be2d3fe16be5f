"""Use cases of the media adapter, written against ports."""
