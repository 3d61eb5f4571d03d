"""Every test directory's common ground."""

pytest_plugins = ["pytester"]
