"""When the monitor runs."""
