"""What every process does alike: settings, logs, traces, health, errors over HTTP, translations."""
