"""Runs: from a plan by way of admission to its end."""
