"""Outbound code of the media adapter: ffmpeg in a sandbox, Whisper in a child process, weights, stores."""
