"""The meters' end of the wire: meters, buses and gateways that behave, on one clock that the owner holds.

A lean core without sockets (`load`, `image`, `meters`, `journal`, `faults`, `bus`) and its doors (`gateway`, `farm`,
`serve`, `cli`). It never imports pymodbus: an independent stack has to be able to prove it right.
"""
