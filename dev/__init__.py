"""Scripts for a checkout of the project: scaffolds, and the pages that are generated."""
