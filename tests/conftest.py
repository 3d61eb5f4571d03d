"""Every test directory's common ground."""

import signal

pytest_plugins = ["pytester"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in its background deaf to Ctrl-C, and children would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
