"""Building blocks of cases: generated requests, many clients, observed streams."""
