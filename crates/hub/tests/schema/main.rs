//! The database as it is: organizations kept apart, names as agreed, what follows by itself, months made and dropped.
