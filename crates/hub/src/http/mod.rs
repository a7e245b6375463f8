//! The paths of the hub, put together, and what surrounds every request.
