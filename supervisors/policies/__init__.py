"""Policies: data in, decisions out."""
