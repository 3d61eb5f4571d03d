"""A second dialect, as another distribution would have it: it proves the seam.

`POST /v2/talk` takes `{"ask": TEXT, "turns": [{"who": NAME, "text": TEXT}]}`. Events are named:
`token` brings `{"t": TEXT}`, `done` the number of tokens, and `[END]` stands last. A refusal is a
400 with `{"problem": {"message": TEXT}}`.
"""
