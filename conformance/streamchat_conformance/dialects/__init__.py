"""Dialects of endpoints: one folder for each, and the interface through which the suite asks."""
