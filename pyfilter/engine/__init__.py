"""The decision: Program + Message + Envelope + facts to a Plan. Pure: no I/O, no clock, no randomness."""
