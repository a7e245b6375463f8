//! What must be done now and then: partitions ahead, keys rotated, what has expired taken away.
