"""The fine integer units in which the simulator counts, so that nothing is ever rounded on the way.

Energy in mWh (a millionth of a kWh), water in ml (a millionth of a m³), credit in 1e-10 yuan (mWh × price in 0.0001 yuan per kWh), time in milliseconds.
"""

MWH_PER_CENTIKWH = 10_000
ML_PER_LITRE = 1000
FINE_PER_FEN = 10**8
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
