"""The dialects that the server speaks, one package each: how a request is read and answered."""
