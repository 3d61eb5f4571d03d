"""Every test directory's common ground."""

import signal

from hypothesis import settings

pytest_plugins = ["pytester"]

# A property that takes long on a busy machine has not failed.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in its background deaf to Ctrl-C, and children would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
