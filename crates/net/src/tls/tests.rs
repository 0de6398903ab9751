use std::{path::PathBuf, sync::Arc};

use rcgen::SanType;
use rialto_domain::Certificate;

use super::{
    CertificateError, CertificateFile, CertificateFiles, CertificateName, Certificates,
    ClientAuthority, Tls,
};
use crate::{
    handshake::{FirstWord, secure},
    stream::Stream,
    testing::{Authority, Signed, connected},
};

/// The files of a server whose certificate an authority has signed.
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    fn of(authority: &Authority, name: &str) -> Self {
        let (certificate, key) = authority.sign("localhost", vec![]).pem();
        Files {
            certificate: authority.write(&format!("{name}.pem"), &certificate),
            key: authority.write(&format!("{name}.key"), &key),
        }
    }

    fn alone(&self) -> CertificateFiles<'_> {
        CertificateFiles { certificate: &self.certificate, key: &self.key, clients: None }
    }
}

/// Loads certificates of a server that takes those of an authority's clients.
fn taking(
    files: &Files,
    clients: &Authority,
    (name, is_required): (CertificateName, bool),
) -> Certificates {
    let clients = clients.file();
    let clients = ClientAuthority { file: &clients, is_required, client: name };
    Certificates::load(Some(CertificateFiles { clients: Some(clients), ..files.alone() })).unwrap()
}

/// Has a client shake hands with a server; returns the server's stream, if it came about.
async fn shake(
    authority: &Authority,
    tls: &Tls,
    shown: Option<&Signed>,
) -> std::io::Result<Stream> {
    let (client, arrival) = connected().await;
    let (stream, _) = tokio::join!(secure(arrival.socket, tls, FirstWord::Peer), async {
        let client = authority.connect(client, shown).await;
        // The server's half may need it for a moment longer.
        client.map(std::mem::forget)
    });
    stream
}

fn required(certificates: Certificates) -> (Arc<Certificates>, Tls) {
    let certificates = Arc::new(certificates);
    (certificates.clone(), Tls::Required(certificates))
}

#[tokio::test]
async fn the_server_shows_what_was_loaded_last_and_hears_whom_the_client_wants() {
    let (old, new) = (Authority::new(), Authority::new());
    let (certificates, tls) =
        required(Certificates::load(Some(Files::of(&old, "old").alone())).unwrap());
    let stream = shake(&old, &tls, None).await.unwrap();
    assert_eq!(stream.server_name(), Some("localhost"));
    assert!(tls.shown(&stream).is_none());

    let renewed = Certificates::load(Some(Files::of(&new, "new").alone())).unwrap();
    assert_eq!(certificates.replace(&renewed), [CertificateFile::Certificate]);
    assert!(shake(&old, &tls, None).await.is_err());
    assert!(shake(&new, &tls, None).await.is_ok());
    assert_eq!(certificates.replace(&renewed), []);
}

#[tokio::test]
async fn a_client_is_known_by_the_name_in_its_certificate_that_counts() {
    let authority = Authority::new();
    let files = Files::of(&authority, "server");
    let email = SanType::Rfc822Name("ada@example.org".try_into().unwrap());
    let uri = SanType::URI("urn:ada".try_into().unwrap());
    let ada = authority.sign("ada", vec![email, uri]);
    for (name, expected) in [
        (CertificateName::CommonName, "ada"),
        (CertificateName::DnsName, "localhost"),
        (CertificateName::Email, "ada@example.org"),
        (CertificateName::Uri, "urn:ada"),
    ] {
        let (_, tls) = required(taking(&files, &authority, (name, false)));
        let stream = shake(&authority, &tls, Some(&ada)).await.unwrap();
        assert_eq!(tls.shown(&stream).unwrap().client(), expected);
        assert!(tls.required(&stream).is_none(), "it would have been let in without");
    }
    let nameless = authority.sign("bob", vec![]);
    let (_, tls) = required(taking(&files, &authority, (CertificateName::Email, false)));
    let stream = shake(&authority, &tls, Some(&nameless)).await.unwrap();
    assert_eq!(tls.shown(&stream).unwrap().client(), "");
}

#[tokio::test]
async fn without_a_certificate_only_those_come_in_of_whom_none_is_required() {
    let authority = Authority::new();
    let files = Files::of(&authority, "server");
    let ada = authority.sign("ada", vec![]);
    let name = CertificateName::CommonName;
    let (_, tls) = required(taking(&files, &authority, (name, true)));
    assert!(shake(&authority, &tls, None).await.is_err());
    let stream = shake(&authority, &tls, Some(&ada)).await.unwrap();
    assert_eq!(tls.required(&stream).unwrap().client(), "ada");
    let (_, tls) = required(taking(&files, &authority, (name, false)));
    assert!(shake(&authority, &tls, None).await.is_ok());
    // Of another authority it is none.
    let stranger = Authority::new().sign("ada", vec![]);
    assert!(shake(&authority, &tls, Some(&stranger)).await.is_err());
}

#[tokio::test]
async fn a_shown_certificate_counts_until_it_ends_or_nobody_trusts_it_any_more() {
    let authority = Authority::new();
    let files = Files::of(&authority, "server");
    let ada = authority.sign("ada", vec![]);
    let common = (CertificateName::CommonName, false);
    let (certificates, tls) = required(taking(&files, &authority, common));
    let stream = shake(&authority, &tls, Some(&ada)).await.unwrap();
    let shown: Arc<dyn Certificate> = tls.shown(&stream).unwrap();
    // As rcgen has it: from 1975 to 4096.
    let now = 1_700_000_000_000;
    let until = shown.counts_until(now).unwrap();
    assert!(now < until);
    assert_eq!(shown.counts_until(until), None);
    assert_eq!(shown.counts_until(now), Some(until));

    // The same authority, read again: nothing is different.
    assert_eq!(certificates.replace(&taking(&files, &authority, common)), []);
    assert_eq!(shown.counts_until(now), Some(until));
    // Its name is read in another place by now.
    let by_email = taking(&files, &authority, (CertificateName::Email, false));
    assert_eq!(certificates.replace(&by_email), [CertificateFile::ClientAuthority]);
    assert_eq!(shown.counts_until(now), None);
    let another = taking(&files, &Authority::new(), common);
    assert_eq!(certificates.replace(&another), [CertificateFile::ClientAuthority]);
    assert_eq!(shown.counts_until(now), None);
    certificates.replace(&taking(&files, &authority, common));
    assert_eq!(shown.counts_until(now), Some(until));
    certificates.replace(&Certificates::load(None).unwrap());
    assert_eq!(shown.counts_until(now), None);
}

#[test]
fn what_is_wrong_names_the_files() {
    let (one, other) = (Authority::new(), Authority::new());
    let (files, others) = (Files::of(&one, "one"), Files::of(&other, "other"));
    let nothing = one.write("nothing.pem", "");
    let clients =
        |file| ClientAuthority { file, is_required: false, client: CertificateName::CommonName };
    let missing = PathBuf::from("/nowhere/at.pem");
    for (files, expected) in [
        (
            CertificateFiles { certificate: &missing, ..files.alone() },
            vec![(CertificateFile::Certificate, &missing)],
        ),
        (
            CertificateFiles { key: &nothing, ..files.alone() },
            vec![(CertificateFile::Key, &nothing)],
        ),
        (
            CertificateFiles { clients: Some(clients(&nothing)), ..files.alone() },
            vec![(CertificateFile::ClientAuthority, &nothing)],
        ),
        (
            CertificateFiles { key: &others.key, ..files.alone() },
            vec![
                (CertificateFile::Certificate, &files.certificate),
                (CertificateFile::Key, &others.key),
            ],
        ),
    ] {
        let CertificateError { files, cause } = Certificates::load(Some(files)).err().unwrap();
        let files: Vec<_> = files.iter().map(|(file, path)| (*file, path)).collect();
        assert_eq!(files, expected);
        assert!(!cause.is_empty());
    }
}
