"""Frozen records that travel between packages. Times are aware and in UTC; shares lie in [0, 1]."""
