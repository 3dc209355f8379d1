"""Alerts: who is notified of a violation, when, over which channel."""
