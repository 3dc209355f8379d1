"""Requests that are right, odd or damaged, to every route that the program describes."""
