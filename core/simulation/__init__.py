"""Simulated traffic: replay, mixed traffic, drills."""
