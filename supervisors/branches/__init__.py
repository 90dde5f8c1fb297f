"""Supervising the branches of a run."""
