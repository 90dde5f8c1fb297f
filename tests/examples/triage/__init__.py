"""Tests of the triage example."""
