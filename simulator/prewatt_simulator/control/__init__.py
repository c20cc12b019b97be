"""Control API: a farm over HTTP, for tests in other languages. JSON resources on the same state as in Python.

One module per noun declares its operations. `operation` defines an operation, `openapi` describes them, `app` routes
them, `guard` restricts access, `serve` listens. Nothing else imports this package unless a control port is requested.
"""
