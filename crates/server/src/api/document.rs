//! The OpenAPI document: what it says of all routes alike is said here, once.

use std::collections::BTreeMap;

use utoipa::{
    Modify, OpenApi,
    openapi::{
        Content, OpenApi as Document, PathItem, Ref, RefOr, Required, Response, Schema,
        path::Operation,
        request_body::RequestBody,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::problem::{PROBLEM_TYPE, Problem};

/// What any route may answer.
const OF_ALL: [(&str, &str); 3] = [
    ("400", "The path or the query is not what the route takes"),
    ("401", "No key, or one that is not known"),
    ("403", "The key does not allow it, or there are no keys in the settings"),
];

/// What a route with a body may answer besides.
const WITH_BODY: [(&str, &str); 4] = [
    ("408", "The body did not come in time"),
    ("413", "The body is too large"),
    ("415", "The body is said to be of a type that the route does not take"),
    ("422", "The body is no JSON, lacks something, has too much, or asks for what cannot be"),
];

/// What the document says besides its routes.
#[derive(OpenApi)]
#[openapi(
    info(title = "Rialto", description = "Publish, ask and manage clients of a Rialto server."),
    components(schemas(Problem)),
    modifiers(&Keys),
    security(("bearer" = []), ("key" = []))
)]
pub(super) struct Head;

/// The two ways to show a key, and the cookie of the console.
struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut Document) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let header = ApiKey::Header(ApiKeyValue::new("X-API-Key"));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        components.add_security_scheme("key", SecurityScheme::ApiKey(header));
        let cookie = ApiKey::Cookie(ApiKeyValue::new("__Host-rialto"));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    }
}

/// Adds to each route how it may fail, that each failure is a problem, and whether its body may be
/// left out.
pub(super) fn complete(document: &mut Document) {
    let schemas = document.components.get_or_insert_default().schemas.clone();
    for item in document.paths.paths.values_mut() {
        for (_, operation) in operations(item) {
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                body.required = Some(if needs_anything(body, &schemas) {
                    Required::True
                } else {
                    Required::False
                });
            }
            let of_body: &[_] = if operation.request_body.is_some() { &WITH_BODY } else { &[] };
            let responses = &mut operation.responses.responses;
            for &(status, description) in OF_ALL.iter().chain(of_body) {
                let response = || Response::new(description).into();
                responses.entry(status.to_owned()).or_insert_with(response);
            }
            for (status, response) in responses {
                if let RefOr::T(response) = response
                    && !status.starts_with('2')
                {
                    let content = Content::new(Some(Ref::from_schema_name("Problem")));
                    response.content.insert(PROBLEM_TYPE.to_owned(), content.into());
                }
            }
        }
    }
}

/// Says whether a body has to have anything: without one it is an empty object, which a body that is
/// itself the message, and has no schema of its own name, is not.
fn needs_anything(body: &RequestBody, schemas: &BTreeMap<String, RefOr<Schema>>) -> bool {
    let is_message = |content: &RefOr<Content>| {
        matches!(content, RefOr::T(Content { schema: Some(RefOr::T(_)), .. }))
    };
    if body.content.values().any(is_message) {
        return true;
    }
    let schema = |content: &RefOr<Content>| match content {
        RefOr::T(Content { schema: Some(RefOr::Ref(it)), .. }) => {
            schemas.get(it.ref_location.rsplit('/').next()?)
        }
        _ => None,
    };
    let mut found = body.content.values().filter_map(schema);
    found.any(|schema| match schema {
        RefOr::T(Schema::Object(object)) => !object.required.is_empty(),
        _ => true,
    })
}

/// Returns the operations of a path, by their methods.
pub(super) fn operations(
    item: &mut PathItem,
) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    let all = [("GET", get), ("PUT", put), ("POST", post), ("DELETE", delete), ("PATCH", patch)];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}
