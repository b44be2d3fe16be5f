"""What the use cases need of the world, by subject; adapters fulfil it, tests may too."""
