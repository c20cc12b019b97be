"""Recording of the traffic at a real site, and replay of a recording.

`proxy` forwards bytes between clients and gateways, `serial_port` makes a serial port a gateway, `tap` finds exchanges in
the bytes, `file` is the format. `registers` extracts values from an exchange, `device` answers with them, `playback` has
the position, and `replay` attaches the devices of a recording to buses like those of a farm.
"""

from prewatt_simulator.errors import RecordingError
from prewatt_simulator.recording.file import Exchange, Recording
from prewatt_simulator.recording.proxy import record
from prewatt_simulator.recording.replay import Replay

__all__ = ["Exchange", "Recording", "RecordingError", "Replay", "record"]
