"""Answerers: what turns a prompt into pieces of text. One small interface, several makers."""
