"""Whole programs on real input, written with mixmode."""
