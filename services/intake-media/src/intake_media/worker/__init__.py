"""The work of one lane: claim its jobs, hold each while it is worked on, give it back when stopped."""
