"""The second dialect's own cases are judged by the suite, and are no tests of it."""

collect_ignore = ["acme"]
