"""This endpoint's dialect: its path, its request, its refusals, its payload.

All knowledge of `POST /api/stream-chat` lives in this folder; the rest of the suite knows
HTTP and event streams only. No I/O in here.
"""
