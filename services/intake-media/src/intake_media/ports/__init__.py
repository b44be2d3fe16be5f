"""What the media adapter needs from outside, as Protocols; each module one subject."""
