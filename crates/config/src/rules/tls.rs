//! Certificates that go together.

use crate::choice::ClientCertificates;
use crate::rules::violation::Violation;
use crate::settings::Settings;

pub(super) fn certificate_and_key_go_together(settings: &Settings) -> Vec<Violation> {
    let (given, missing) = match (settings.tls.certificate.get(), settings.tls.key.get()) {
        (Some(_), None) => ("certificate", "key"),
        (None, Some(_)) => ("key", "certificate"),
        _ => return Vec::new(),
    };
    vec![Violation::new(
        format!("tls.{given}"),
        format!("`tls.{given}` is set and `tls.{missing}` is not"),
        "set both or none; `rialto cert new` makes a pair for development",
    )]
}

pub(super) fn client_certificates_can_be_checked(settings: &Settings) -> Vec<Violation> {
    let tls = &settings.tls;
    let has_authority = tls.client_authority.get().is_some();
    if tls.client_certificates == ClientCertificates::Require && !has_authority {
        return vec![Violation::new(
            "tls.client_certificates",
            "`tls.client_certificates` is \"require\", and `tls.client_authority` names no \
             authority: no client could be let in",
            "set tls.client_authority to the PEM file of those that sign them",
        )];
    }
    if has_authority && tls.files().is_none() {
        return vec![Violation::new(
            "tls.client_authority",
            "`tls.client_authority` is set, and the server has no certificate of its own: without \
             TLS no client can show one",
            "set tls.certificate and tls.key; `rialto cert new` makes a pair for development",
        )];
    }
    Vec::new()
}
