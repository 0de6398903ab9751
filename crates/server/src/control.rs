//! Control channels of a program that embeds the server: typed questions and answers.

use std::{collections::HashMap, sync::Arc};

use rialto_application::{Client, ControlRequest, Future};
use rialto_domain::Reject;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

type Answer = Future<'static, Result<Value, Reject>>;
type Handler = Box<dyn Fn(&ControlRequest) -> Answer + Send + Sync>;

/// Control channels by name, without the mark.
#[derive(Default)]
pub(crate) struct Controls(HashMap<String, Handler>);

impl Controls {
    /// Adds a channel. A question that is none of type `Q` is refused with what is wrong with it.
    pub(crate) fn add<Q, A, F, H>(&mut self, name: &str, handler: H)
    where
        Q: DeserializeOwned + Send,
        A: Serialize,
        F: std::future::Future<Output = Result<A, Reject>> + Send + 'static,
        H: Fn(Arc<Client>, Q) -> F + Send + Sync + 'static,
    {
        let handler: Handler =
            Box::new(move |request| match serde_json::from_str::<Q>(&request.payload) {
                Ok(question) => {
                    let answering = handler(request.client.clone(), question);
                    Box::pin(async move { serialized(&answering.await?) })
                }
                Err(error) => {
                    let why = format!("the question is not understood: {error}");
                    Box::pin(async move { Err(Reject::Failed(why.into())) })
                }
            });
        self.0.insert(name.trim_start_matches('$').to_owned(), handler);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Asks the channel of the request's name, if there is one.
    pub(crate) fn answer(&self, request: &ControlRequest) -> Option<Answer> {
        self.0.get(&request.name).map(|handler| handler(request))
    }
}

fn serialized(answer: &impl Serialize) -> Result<Value, Reject> {
    serde_json::to_value(answer).map_err(|error| {
        tracing::error!(%error, "the answer of a control channel cannot be written as JSON");
        Reject::Undecided
    })
}
