"""`python -m intake_media` serves the API; `… worker --channel voice|video [--concurrency N]` transcribes."""

from intake_media.launch import main

if __name__ == "__main__":
    raise SystemExit(main())
