"""Use cases: each takes what it needs through ports and changes one case by one conditional write."""
