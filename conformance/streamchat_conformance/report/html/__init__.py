"""Pages that open from disk, whatever a server put into what they show.

Nothing is fetched, and nothing that a server sent can act: templates escape every value, and a
content security policy admits a page's own style and script alone, by their hashes.
"""
