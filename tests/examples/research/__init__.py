"""Tests of the research example."""
