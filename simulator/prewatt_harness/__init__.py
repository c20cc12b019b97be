"""Farm and platform in one program: the demo, and checks that need both ends of the wire.

It starts the two as they are started in the field, as processes that meet on sockets, and follows one
script through both. Meters belong to the simulator, sales to the platform.
"""
