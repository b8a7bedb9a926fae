"""Lanes, the gate, parking: what is owed to platforms gets there once and in order.

The worker reads, dispatch runs lanes, the courier makes a step. Their rooms: `lanes`, where deliveries wait;
`admission`, whether a platform may be called; `tries`, one call and its outcome; `decisions`, what people decide
meanwhile.
"""
