"""Farm and platform in one program: the demo, and checks that need both ends of the wire.

It starts the two as they are started in the field, as processes that meet on sockets, and follows one
story through the whole house. What a meter does belongs to the simulator, what is sold to the platform.
"""
