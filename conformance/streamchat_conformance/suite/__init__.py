"""Driving a live target: recorded exchanges go into a ledger, judges decide, cases generate."""
