//! What a packet asks, in the words of transcripts.

use rialto_application::AuthorizationRequest;

use crate::tests::peer::Question;

/// Writes what a packet asks in the script's words.
pub(crate) fn show((event, request): &Question) -> String {
    let Some(event) = event else { return "nothing to ask".to_owned() };
    let Some(request) = request else { return format!("{event:?}: nothing to decide") };
    match request {
        AuthorizationRequest::Authenticate(request) => format!("Authenticate {}", request.data),
        AuthorizationRequest::Connect(request) => {
            format!("Connect {} with {:?}", request.client, request.token)
        }
        AuthorizationRequest::Subscribe(requests) => {
            let asked = requests.iter().map(|it| (&*it.channel, it.persistent));
            format!("Subscribe {:?}", asked.collect::<Vec<_>>())
        }
        AuthorizationRequest::Unsubscribe(requests) => {
            format!("Unsubscribe {:?}", requests.iter().map(|it| &*it.channel).collect::<Vec<_>>())
        }
        AuthorizationRequest::Publish(request) => {
            let retained = if request.retain { " retained" } else { "" };
            format!("Publish {} {} {:?}{retained}", request.channel, request.payload, request.qos)
        }
        AuthorizationRequest::Control(request) => {
            format!("Control {} {}", request.name, request.payload)
        }
    }
}
