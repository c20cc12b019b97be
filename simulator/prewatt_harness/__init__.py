"""Farm and platform together: what only a place that sees both ends of the wire can do.

It starts the two as they are started in the field, as processes that meet on sockets, and follows one
story through the whole house. What a meter does belongs to the simulator, what is sold to the platform.
"""
