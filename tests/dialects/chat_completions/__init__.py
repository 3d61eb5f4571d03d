"""Tests of the dialect for Chat Completions."""
