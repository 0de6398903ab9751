//! An address for clients, and its routes, which are told apart by the name that a client asks for inside TLS.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::route::Route;

/// The routes of an address; never none.
pub(crate) struct Entrance {
    routes: ArcSwap<Vec<Arc<Route>>>,
}

impl Entrance {
    /// Takes the routes of an address, of which there is one at least.
    pub(crate) fn new(routes: Vec<Arc<Route>>) -> Self {
        Entrance { routes: ArcSwap::from_pointee(routes) }
    }

    /// Takes up the routes that there are now.
    pub(crate) fn replace(&self, routes: Vec<Arc<Route>>) {
        self.routes.store(Arc::new(routes));
    }

    /// Returns the route that counts clients which have not asked for a name yet: the one for all names, if there is
    /// one. What is done before a name is known is the same for all routes of an address.
    pub(crate) fn face(&self) -> Arc<Route> {
        let routes = self.routes.load();
        let face = routes.iter().find(|it| it.is_for_all_names());
        face.unwrap_or(&routes[0]).clone()
    }

    /// Says whether it matters which name a client asks for.
    pub(crate) fn goes_by_names(&self) -> bool {
        self.routes.load().iter().any(|it| !it.is_for_all_names())
    }

    /// Returns the route for a client that asked for this name, or for none: a whole name goes before a pattern, and a
    /// pattern before the route for all.
    pub(crate) fn route_for(&self, name: Option<&str>) -> Option<Arc<Route>> {
        let routes = self.routes.load();
        let found = |fits: &dyn Fn(&rialto_config::Route) -> bool| {
            routes.iter().find(|it| fits(&it.terms.load().settings))
        };
        let named = name.and_then(|name| {
            found(&|route| route.names(name)).or_else(|| found(&|route| route.covers(name)))
        });
        named.or_else(|| found(&|route| route.server_names.is_empty())).cloned()
    }
}
