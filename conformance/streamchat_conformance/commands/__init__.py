"""Subcommands of the console script, a module each: `main(argv)` returns the exit code."""
