//! The names that a query may have: those that the document says of its route, and no others. A
//! mistyped one would otherwise be passed over without a word.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{Method, StatusCode},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use percent_encoding::percent_decode_str;
use utoipa::openapi::{OpenApi as Document, RefOr, path::ParameterIn};

use super::{document::operations, problem::Problem};

/// The names by path, as the document writes it, and by method.
#[derive(Clone)]
pub(super) struct Names(Arc<BTreeMap<String, Methods>>);

/// The names of each method that a path takes.
type Methods = BTreeMap<&'static str, BTreeSet<String>>;

impl Names {
    pub(super) fn of(document: &mut Document) -> Self {
        let mut names = BTreeMap::<String, Methods>::new();
        for (path, item) in &mut document.paths.paths {
            for (method, operation) in operations(item) {
                let parameters = operation.parameters.iter().flatten();
                let of_query = parameters.filter_map(|parameter| match parameter {
                    RefOr::T(it) if it.parameter_in == ParameterIn::Query => Some(it.name.clone()),
                    _ => None,
                });
                names.entry(path.clone()).or_default().insert(method, of_query.collect());
            }
        }
        Names(Arc::new(names))
    }

    /// Returns what is wrong with a query.
    fn fault(&self, path: &str, method: &Method, query: &str) -> Option<String> {
        let method = if method == Method::HEAD { "GET" } else { method.as_str() };
        let known = self.0.get(path)?.get(method)?;
        let mut pairs = query.split('&').filter(|pair| !pair.is_empty());
        pairs.find_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let is_text = |part: &str| percent_decode_str(part).decode_utf8().is_ok();
            if !is_text(name) || !is_text(value) {
                return Some(format!("{pair:?} in the query is no UTF-8"));
            }
            let name = percent_decode_str(name).decode_utf8_lossy();
            (!known.contains(&*name)).then(|| match known.is_empty() {
                true => format!("this route has no {name:?} in its query, nor anything else"),
                false => {
                    let known: Vec<_> = known.iter().map(String::as_str).collect();
                    format!("this route has no {name:?} in its query; it has {}", known.join(", "))
                }
            })
        })
    }
}

/// Lets a request through whose query has known names only.
pub(super) async fn check(
    State(names): State<Names>,
    path: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    let query = request.uri().query().unwrap_or_default();
    match names.fault(path.as_str(), request.method(), query) {
        Some(detail) => Problem::new(StatusCode::BAD_REQUEST, detail).into_response(),
        None => next.run(request).await,
    }
}
