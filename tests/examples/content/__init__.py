"""Tests of the content example."""
