"""Alerts: who is notified of a violation, when, over which channel.

`dispatcher.Alerts` is what the rest of the program calls: it asks `policy.decide` whether a run is
worth a notice, has `message.message` word it, and sends it through `channels.AlertChannel`.
"""
