"""Supervising the agents of a runtime."""
