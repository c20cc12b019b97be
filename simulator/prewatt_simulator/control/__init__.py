"""The farm over HTTP, for tests in other languages: JSON resources that act on the same state as Python does.

One module per noun says which operations it has; `operation` says what one is, `openapi` describes them, `app` puts
them on paths, `serve` on a port. Nothing outside imports this package unless a control port is wanted.
"""
