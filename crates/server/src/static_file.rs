//! A file that is built into the program, as browsers get it: packed where they can read that, and not at
//! all where they have it.

use std::io::Write as _;

use axum::{
    body::Bytes,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{
            ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
            VARY,
        },
    },
    response::{IntoResponse as _, Response},
};
use flate2::{Compression, write::GzEncoder};

/// One file.
#[derive(Debug)]
pub(crate) struct StaticFile {
    media_type: &'static str,
    plain: Form,
    /// Absent where packing it saves nothing.
    packed: Option<Form>,
}

/// The bytes of a file, as they are or packed.
#[derive(Debug)]
struct Form {
    bytes: Bytes,
    /// Strong: other bytes have another one.
    tag: HeaderValue,
}

impl StaticFile {
    /// Makes one, whose name says of which type it is.
    pub(crate) fn new(name: &str, bytes: &'static [u8]) -> Self {
        let packed = pack(bytes).filter(|packed| packed.len() < bytes.len());
        let packed = packed.map(|packed| Form::new(packed.into()));
        StaticFile {
            media_type: media_type(name),
            plain: Form::new(Bytes::from_static(bytes)),
            packed,
        }
    }

    /// Answers a request for it.
    pub(crate) fn answer(&self, request: &HeaderMap) -> Response {
        let packed = self.packed.as_ref().filter(|_| reads_gzip(request));
        let form = packed.unwrap_or(&self.plain);
        let headers = [
            (ETAG, form.tag.clone()),
            // It is asked for each time whether it is still the same.
            (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (VARY, HeaderValue::from_static("accept-encoding")),
        ];
        if has(request, &form.tag) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        let encoding = packed.map(|_| [(CONTENT_ENCODING, HeaderValue::from_static("gzip"))]);
        let media_type = [(CONTENT_TYPE, HeaderValue::from_static(self.media_type))];
        let mut response = (headers, media_type, form.bytes.clone()).into_response();
        response.headers_mut().extend(encoding.into_iter().flatten());
        response
    }
}

impl Form {
    fn new(bytes: Bytes) -> Self {
        // FNV-1a: the files are our own, and nobody chooses them so that two have the same.
        let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let tag = format!("\"{hash:016x}-{:x}\"", bytes.len());
        let tag = HeaderValue::try_from(tag).expect("it has only digits, letters and signs");
        Form { bytes, tag }
    }
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "html")) => "text/html; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "text/javascript; charset=utf-8",
    }
}

fn pack(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

/// Says whether a browser reads gzip, which it does unless it gives it no weight.
fn reads_gzip(request: &HeaderMap) -> bool {
    elements(request, &ACCEPT_ENCODING).any(|element| {
        let (coding, weight) = element.split_once(';').unwrap_or((element, ""));
        let weight = weight.trim().strip_prefix("q=").and_then(|text| text.parse::<f32>().ok());
        coding.trim().eq_ignore_ascii_case("gzip") && weight != Some(0.0)
    })
}

/// Says whether a browser has the file with that tag already.
fn has(request: &HeaderMap, tag: &HeaderValue) -> bool {
    let is_it = |element: &str| element == "*" || element.trim_start_matches("W/") == tag;
    elements(request, &IF_NONE_MATCH).any(is_it)
}

/// Returns the elements of a field that is a list.
fn elements<'a>(request: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = request.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',').map(str::trim))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(fields: &[(HeaderName, &str)]) -> Response {
        static TEXT: [u8; 1000] = [b'a'; 1000];
        let fields = fields.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
        StaticFile::new("a.css", &TEXT).answer(&HeaderMap::from_iter(fields))
    }

    #[test]
    fn it_is_packed_for_those_who_can_read_that() {
        for (accepted, is_packed) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("br", false),
            ("gzip;q=0", false),
            ("", false),
        ] {
            let response = answer(&[(ACCEPT_ENCODING, accepted)]);
            assert_eq!(response.headers().contains_key(CONTENT_ENCODING), is_packed, "{accepted}");
            assert_eq!(response.headers()[VARY], "accept-encoding");
            assert_eq!(response.headers()[CONTENT_TYPE], "text/css; charset=utf-8");
        }
    }

    #[test]
    fn whoever_has_it_in_that_form_does_not_get_it_again() {
        let packed = [(ACCEPT_ENCODING, "gzip")];
        let [plain_tag, packed_tag] = [answer(&[]), answer(&packed)]
            .map(|response| response.headers()[ETAG].to_str().unwrap().to_owned());
        assert_ne!(plain_tag, packed_tag);
        let again = |tag: &str| answer(&[(ACCEPT_ENCODING, "gzip"), (IF_NONE_MATCH, tag)]).status();
        for tag in [&packed_tag, &format!("\"other\", W/{packed_tag}"), "*"] {
            assert_eq!(again(tag), StatusCode::NOT_MODIFIED, "{tag}");
        }
        for tag in [&plain_tag, "\"other\"", ""] {
            assert_eq!(again(tag), StatusCode::OK, "{tag}");
        }
    }
}
