//! A certificate authority, new or read from its files.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, Error, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};

/// How long the authority is valid.
const AUTHORITY_DAYS: i64 = 3_650;
/// How long what it signs is valid: the longest that all TLS clients accept.
const LEAF_DAYS: i64 = 825;
/// Allowance for clocks that are behind.
const BACKDATED: Duration = Duration::hours(1);

/// What every server certificate is for.
const SERVER_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// An authority and its key.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

/// A certificate and its key, in PEM form.
pub(super) struct Pair {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Authority {
    pub(super) fn new() -> Result<Self, Error> {
        let mut params = params("Rialto development authority", &[], AUTHORITY_DAYS)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?.pem();
        Ok(Authority { issuer: Issuer::new(params, key), certificate })
    }

    /// Takes an authority that was made earlier.
    pub(super) fn read(certificate: &str, key: &str) -> Result<Self, Error> {
        let issuer = Issuer::from_ca_cert_pem(certificate, KeyPair::from_pem(key)?)?;
        Ok(Authority { issuer, certificate: certificate.to_owned() })
    }

    pub(super) fn pair(&self) -> Pair {
        Pair { certificate: self.certificate.clone(), key: self.issuer.key().serialize_pem() }
    }

    /// Makes a server certificate for this machine and `names`.
    pub(super) fn server(&self, names: &[String]) -> Result<Pair, Error> {
        let mut all: Vec<String> = SERVER_NAMES.map(str::to_owned).to_vec();
        all.extend(names.iter().filter(|name| !SERVER_NAMES.contains(&name.as_str())).cloned());
        let params = params("Rialto development server", &all, LEAF_DAYS)?;
        self.sign(params, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// Makes a certificate for the client of that name.
    pub(super) fn client(&self, name: &str) -> Result<Pair, Error> {
        let params = params(name, &[], LEAF_DAYS)?;
        self.sign(params, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn sign(
        &self,
        mut params: CertificateParams,
        usage: ExtendedKeyUsagePurpose,
    ) -> Result<Pair, Error> {
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Pair { certificate, key: key.serialize_pem() })
    }
}

fn params(common_name: &str, names: &[String], days: i64) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    let now = OffsetDateTime::now_utc();
    params.not_before = now - BACKDATED;
    params.not_after = now + Duration::days(days);
    Ok(params)
}
