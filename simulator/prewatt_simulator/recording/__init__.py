"""Record at a site, replay at the desk.

`file` is the format, `tap` finds exchanges in the bytes of a connection, `proxy` stands between clients and gateways and
writes down what it hears. `registers` says what an exchange tells of a device, `device` answers with it, and `replay`
puts the devices of a recording on buses like those of a farm.
"""

from prewatt_simulator.errors import RecordingError
from prewatt_simulator.recording.file import Exchange, Recording
from prewatt_simulator.recording.proxy import record
from prewatt_simulator.recording.replay import Replay

__all__ = ["Exchange", "Recording", "RecordingError", "Replay", "record"]
