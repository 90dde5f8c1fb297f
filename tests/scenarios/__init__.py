"""Whole stories, told through the public API: a real runtime, real agents, real threads."""
