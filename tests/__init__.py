"""Tests of the packages, laid out as they are; whole stories are in `scenarios`."""
