"""The monitor: rules and executions on counts and scores. No torch, no SQL."""
