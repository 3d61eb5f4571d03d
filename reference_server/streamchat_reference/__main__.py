"""`python -m streamchat_reference` serves the endpoint; see `--help`."""

from streamchat_reference.command import main

main()
