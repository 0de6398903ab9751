//! Certificates that go together.

use crate::choice::ClientCertificates;
use crate::rules::Violation;
use crate::settings::Settings;

pub(super) fn certificate_and_key_go_together(settings: &Settings) -> Result<(), Violation> {
    let (given, missing) = match (settings.tls.certificate.get(), settings.tls.key.get()) {
        (Some(_), None) => ("certificate", "key"),
        (None, Some(_)) => ("key", "certificate"),
        _ => return Ok(()),
    };
    Err(Violation {
        key: format!("tls.{given}"),
        problem: format!("`tls.{given}` is set and `tls.{missing}` is not"),
        hint: "set both or none; `rialto cert new` makes a pair for development".to_owned(),
    })
}

pub(super) fn client_certificates_can_be_checked(settings: &Settings) -> Result<(), Violation> {
    let tls = &settings.tls;
    let has_authority = tls.client_authority.get().is_some();
    if tls.client_certificates == ClientCertificates::Require && !has_authority {
        return Err(Violation {
            key: "tls.client_certificates".to_owned(),
            problem:
                "`tls.client_certificates` is \"require\", and `tls.client_authority` names no \
                      authority: no client could be let in"
                    .to_owned(),
            hint: "set tls.client_authority to the PEM file of those that sign them".to_owned(),
        });
    }
    if has_authority && tls.files().is_none() {
        return Err(Violation {
            key: "tls.client_authority".to_owned(),
            problem:
                "`tls.client_authority` is set, and the server has no certificate of its own: \
                      without TLS no client can show one"
                    .to_owned(),
            hint: "set tls.certificate and tls.key; `rialto cert new` makes a pair for development"
                .to_owned(),
        });
    }
    Ok(())
}
