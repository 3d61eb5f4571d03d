"""Load tests for streaming chat that verify every stream while they load.

The package is never imported by the conformance suite: locust patches the process it runs in.
Modules without locust or gevent in them (histograms, profiles, verification, thresholds,
reports) are plain Python and can be used anywhere.
"""
