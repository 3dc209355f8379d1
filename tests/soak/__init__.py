"""A day of mixed traffic, as fast as it goes, against the real server: `make soak`."""
