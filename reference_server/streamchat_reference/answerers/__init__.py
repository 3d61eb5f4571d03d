"""Answerers: what turns a prompt into pieces of text, behind one interface."""
