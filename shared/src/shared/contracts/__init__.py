"""What is said between services: event types, the envelope around them, the registry of topics."""
