"""Measured figures against their goals: `make bench`."""
