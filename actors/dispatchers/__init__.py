"""Dispatchers: where user code runs."""
