"""Integer units of the simulator, fine enough that no step of a computation rounds.

Energy in mWh (a millionth of a kWh), water in ml (a millionth of a m³), time in milliseconds, credit in 1e-10 yuan
(mWh × price in 0.0001 yuan per kWh; names end in `_fine`).
"""

MWH_PER_CENTIKWH = 10_000
ML_PER_LITRE = 1000
FINE_PER_FEN = 10**8
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
