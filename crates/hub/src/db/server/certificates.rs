//! Which certificates of PostgreSQL are good enough.

use anyhow::{Context as _, ensure};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
    server::ParsedCertificate,
};
use std::{path::Path, sync::Arc};

/// Whom a certificate makes the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Anybody: TLS keeps those out who only listen.
    Anybody,
    /// One that an issuer of the hub's knows.
    Issuer,
    /// The one of the name in the address, by such an issuer.
    Named,
}

/// The rule that the server's certificate is held to.
#[derive(Debug)]
pub(super) struct Certificates {
    trust: Trust,
    provider: Arc<CryptoProvider>,
    /// None where nothing is looked at.
    chain: Option<Arc<WebPkiServerVerifier>>,
    /// Those of the CA's file. A server's own among them needs no issuer: PostgreSQL's manual makes such certificates.
    known: Vec<CertificateDer<'static>>,
}

impl Certificates {
    /// By the CAs of a file, else by those that this machine trusts.
    pub(super) fn new(trust: Trust, ca: Option<&Path>) -> anyhow::Result<Self> {
        let provider = Arc::new(ring::default_provider());
        // Read in any case: a file that was given and is wrong is told at once.
        let known = ca.map(read).transpose()?.unwrap_or_default();
        if trust == Trust::Anybody {
            return Ok(Self { trust, provider, chain: None, known });
        }
        let mut roots = RootCertStore::empty();
        if ca.is_some() {
            roots.add_parsable_certificates(known.iter().cloned());
        } else {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        ensure!(
            !roots.is_empty(),
            "this machine trusts no CA (is ca-certificates installed?): set WELLREAD_HUB_DATABASE_CA to the database's"
        );
        let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .context("the CA of WELLREAD_HUB_DATABASE_CA cannot be used")?;
        Ok(Self { trust, provider, chain: Some(chain), known })
    }

    pub(super) fn client_config(self) -> anyhow::Result<ClientConfig> {
        let config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .context("TLS cannot be had")?;
        Ok(config.dangerous().with_custom_certificate_verifier(Arc::new(self)).with_no_client_auth())
    }
}

fn read(ca: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let unusable =
        || format!("WELLREAD_HUB_DATABASE_CA: {} is no PEM file of certificates that the hub can read", ca.display());
    let found: Vec<_> = CertificateDer::pem_file_iter(ca).and_then(Iterator::collect).with_context(unusable)?;
    ensure!(!found.is_empty(), unusable());
    Ok(found)
}

/// Why a certificate was refused, and what to do about it.
pub(super) fn told(why: &CertificateError) -> String {
    match why {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => format!(
            "the database's certificate is for another name than that in its address ({why}): use the name that it is for, \
             or say sslmode=verify-ca. Only names in its subjectAltName count, not its CN"
        ),
        CertificateError::UnknownIssuer => {
            "the database's certificate comes from none of the CAs that the hub was given: is WELLREAD_HUB_DATABASE_CA \
             the file of its CA, and is this the right server?"
                .to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!("the database's certificate has expired: renew it there ({why})")
        }
        other => format!(
            "the database's certificate is not good: {other}. Have the server use another one (of X.509 v3, as those with \
             a subjectAltName are), or say sslmode=disable where nobody can listen"
        ),
    }
}

impl ServerCertVerifier for Certificates {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        let verified = if self.known.iter().any(|known| known == end_entity) {
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)
                .map(|()| ServerCertVerified::assertion())
        } else {
            chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        match verified {
            // The name is looked at last: all else was good.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.trust == Trust::Issuer => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `openssl x509 -req` without extensions: X.509 v1.
    const V1: &[u8] = b"-----BEGIN CERTIFICATE-----
MIHUMIGHAhQJhYTFPVPhPiiC2UCvTVxe5g9fvzAFBgMrZXAwDTELMAkGA1UEAwwC
ZGIwHhcNMjYxMTI4MDgwNzAyWhcNMzYxMTI1MDgwNzAyWjANMQswCQYDVQQDDAJk
YjAqMAUGAytlcAMhALlvUfd/qgo2R5q7nZPPuZEGRc8QqIu6TkeuYXyVldOOMAUG
AytlcANBAAPAwxS/OUXxTX0GqRD1kk0qHYmrYcbOwxGr61TAqCXcLtorr4M6VGQw
fqLfo5JG3iFqwvqASz1EBgiDySMHdgE=
-----END CERTIFICATE-----
";

    #[test]
    fn a_certificate_of_the_first_version_is_refused_with_what_to_do() {
        let old = CertificateDer::from_pem_slice(V1).unwrap();
        let Err(Error::InvalidCertificate(why)) = ParsedCertificate::try_from(&old).map(|_| ()) else {
            panic!("rustls reads no such certificate");
        };
        let told = told(&why);
        assert!(told.contains("v3") && told.contains("sslmode=disable"), "a better one, or none: {told}");
    }

    #[test]
    fn a_wrong_name_says_which_names_count() {
        let told = told(&CertificateError::NotValidForName);
        assert!(told.contains("subjectAltName") && told.contains("CN"), "CN is what people set first: {told}");
    }
}
