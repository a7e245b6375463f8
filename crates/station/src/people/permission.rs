//! What a role may allow, by the names that roles hold.

use std::fmt;

/// What a role may allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Look at runs and samples.
    RunRead,
    /// Take plates in, and read them again.
    RunCapture,
    /// Review runs.
    RunReview,
    /// Sign as performed or reviewed.
    RunSign,
    /// Sign as approved.
    RunApprove,
    /// Make interface files.
    InterfaceCreate,
    /// Make accounts and say what they may do.
    UserAdmin,
    /// Change settings.
    ConfigWrite,
    /// Read the audit trail.
    AuditRead,
    /// Copy the station's data.
    BackupCreate,
}

impl Permission {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::RunRead,
        Self::RunCapture,
        Self::RunReview,
        Self::RunSign,
        Self::RunApprove,
        Self::InterfaceCreate,
        Self::UserAdmin,
        Self::ConfigWrite,
        Self::AuditRead,
        Self::BackupCreate,
    ];

    /// Its name in a role.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RunRead => "run:read",
            Self::RunCapture => "run:capture",
            Self::RunReview => "run:review",
            Self::RunSign => "run:sign",
            Self::RunApprove => "run:approve",
            Self::InterfaceCreate => "interface:create",
            Self::UserAdmin => "user:admin",
            Self::ConfigWrite => "config:write",
            Self::AuditRead => "audit:read",
            Self::BackupCreate => "backup:create",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
