"""Metrics: what is counted, and the page that serves it."""
