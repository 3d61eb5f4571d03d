"""The cases: one test for each requirement, one file for each area."""
