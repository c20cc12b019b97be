"""Simulated meters, buses and gateways: the meters' end of the wire.

A request passes from `line` (sockets, gateway, bus) through `faults` to `devices` and is recorded in `journal`. `farm`
builds all of it from a site, `recording` from recorded traffic. `cli`, `control`, `testing` and `plugin` are the ways to
use it. pymodbus is never imported, so that it can serve as an independent peer in the tests.
"""
