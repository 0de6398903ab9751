//! The certificates that the settings name, in the words of `net`, and what is wrong with them in those of
//! the settings.

use rialto_config::ClientCertificates;
use rialto_net::{
    CertificateError, CertificateFile, CertificateFiles, CertificateName, Certificates,
    ClientAuthority,
};

/// Reads the files that the settings name.
///
/// # Errors
/// What is wrong with them, in words for the operator.
pub(crate) fn load(tls: &rialto_config::Tls) -> Result<Certificates, String> {
    let files = tls.files().map(|(certificate, key)| CertificateFiles {
        certificate,
        key,
        clients: tls.client_authority.get().map(|file| ClientAuthority {
            file,
            is_required: tls.client_certificates == ClientCertificates::Require,
            client: match tls.client_id {
                rialto_config::CertificateName::CommonName => CertificateName::CommonName,
                rialto_config::CertificateName::DnsName => CertificateName::DnsName,
                rialto_config::CertificateName::Email => CertificateName::Email,
                rialto_config::CertificateName::Uri => CertificateName::Uri,
            },
        }),
    });
    Certificates::load(files).map_err(|error| text(&error))
}

/// Returns the setting that names a file.
pub(crate) fn setting(file: CertificateFile) -> &'static str {
    match file {
        CertificateFile::Certificate => "tls.certificate",
        CertificateFile::Key => "tls.key",
        CertificateFile::ClientAuthority => "tls.client_authority",
    }
}

fn text(error: &CertificateError) -> String {
    let CertificateError { files, cause } = error;
    let named = files.iter().map(|(file, path)| format!("{} {}", setting(*file), path.display()));
    format!("{}: {cause}", named.collect::<Vec<_>>().join(" with "))
}
