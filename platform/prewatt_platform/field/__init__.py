"""Our end of the wire: reads meters and writes to them, over buses behind serial servers.

It knows profiles and wire formats, no database and no business. Callers hold a `Field` (`field`), speak in the plain
objects of `messages`, and decide on errors by `FieldError.may_have_been_applied`.
"""
