//! Whom this station believes to be headquarters: who is vouched for by the usual authorities, or by those of a file.

use super::Http;
use crate::Problem;
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use std::{fs, path::Path};

/// The setting that names the file.
pub(crate) const CA_FILE: &str = "sync.ca_file";

/// The way to the hub at an address. A file that vouches for nobody is told here; the network would only say that
/// nobody is trusted.
pub(super) fn open(url: &str, ca_file: Option<&Path>) -> anyhow::Result<Http> {
    if let Some(path) = ca_file {
        check(path)?;
    }
    Http::new(url, ca_file)
}

/// Whether a file holds certificates of authorities.
pub(crate) fn check(path: &Path) -> Result<(), Problem> {
    let unusable = |what: &str| {
        Problem::invalid(format!(
            "`{CA_FILE}` names {}, {what}: name the file with the certificate, in PEM, of the authority that signed \
             headquarters' certificate",
            path.display()
        ))
    };
    let text = fs::read(path).map_err(|why| unusable(&format!("which cannot be read ({why})")))?;
    let mut authorities = RootCertStore::empty();
    for found in CertificateDer::pem_slice_iter(&text) {
        let found = found.map_err(|why| unusable(&format!("which is no whole PEM file ({why})")))?;
        authorities.add(found).map_err(|why| unusable(&format!("with a damaged certificate ({why})")))?;
    }
    if authorities.is_empty() { Err(unusable("which holds no certificate")) } else { Ok(()) }
}
