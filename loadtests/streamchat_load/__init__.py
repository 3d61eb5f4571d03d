"""Load tests for streaming chat that verify every stream while they load.

The conformance suite never imports this package: locust patches the process it runs in. Only
`locust_adapter` imports locust; `client` and `runner` need gevent; all others are plain Python.
"""
