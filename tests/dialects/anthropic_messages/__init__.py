"""Tests of the dialect for Anthropic Messages."""
