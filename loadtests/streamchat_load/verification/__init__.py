"""Whether a stream is as it should be: judged while it arrives, event by event."""
