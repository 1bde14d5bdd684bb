"""`pyfilter serve`: a process that stays. It speaks LMTP, and has workers deliver."""
