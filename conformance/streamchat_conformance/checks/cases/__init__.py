"""The case of custom checks: collected where `--checks` names a file."""
