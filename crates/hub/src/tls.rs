//! TLS, when certificates are given.
