//! The path of a post, top to bottom: from its head to its answer.
//!
//! Promise: the checks are in the order of the contract; a 200 is built from a [`Receipt`] and
//! from nothing else; each post is closed by exactly one outcome. It owns no socket and knows no
//! Kafka: what publishes is given to it.

use crate::clock::Clock;
use crate::delivery::publisher::Publisher;
use crate::delivery::publisher::publish::Receipt;
use crate::delivery::record::{Event, Record};
use crate::post::{PostOutcome, PostRecorder};
use crate::spans::{Outgoing, RequestSpan, Tracer};
use crate::webhook::auth::authenticator::{Authenticator, CacheLookup, Decision};
use crate::webhook::auth::credentials::User;
use crate::webhook::dead_letters::{DeadLetters, InvalidPost};
use crate::webhook::http::arrival::arrival;
use crate::webhook::http::body::{self, BodyLimits};
use crate::webhook::http::connection_phase::{ConnectionPhase, Rest};
use crate::webhook::http::trace_context::TraceContext;
use crate::webhook::http::trusted_proxies::TrustedProxies;
use crate::webhook::notification::Notification;
use crate::webhook::notification::app_id::AppId;
use crate::webhook::notification::contract::Contract;
use crate::webhook::notification::invalid::{About, Invalid};
use crate::webhook::rejection::Rejection;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::{Request, Response};
use std::fmt;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Who may post.
#[derive(Clone)]
pub enum Authentication {
    /// `--no-auth`: something in front checks.
    Open,
    /// Whoever the credentials file names.
    Restricted(Arc<Authenticator>),
}

/// What a post is held against, and where it goes.
pub struct Ingest {
    /// `--path`
    pub path: String,
    /// `--credentials` or `--no-auth`
    pub access: Authentication,
    /// `--max-body` and its like
    pub limits: BodyLimits,
    /// `--validation`, `--unknown-events`
    pub contract: Contract,
    /// `--topic`
    pub topic: Arc<str>,
    /// `--source`
    pub source: String,
    /// Gives the time at which a post was received.
    pub clock: Clock,
    /// The event loop's own.
    pub publisher: Arc<Publisher>,
    /// `--invalid`: none where invalid posts are refused.
    pub dead_letters: Option<DeadLetters>,
    /// The bridge's.
    pub recorder: Arc<PostRecorder>,
    /// Begins the spans of posts.
    pub tracer: Tracer,
    /// `--trusted-proxy`
    pub trusted_proxies: TrustedProxies,
}

/// A record that is ready to be published, and the text of its 200, should it become durable.
struct Publishable {
    record: Record,
    text: Bytes,
    to: Destination,
}

/// Which topic a record goes to.
enum Destination {
    Topic,
    DeadLetters,
}

impl Ingest {
    /// Answers one request, and records its outcome.
    pub fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        phase: &ConnectionPhase,
    ) -> impl Future<Output = Response<Full<Bytes>>> + use<> {
        let begun = phase.head_is_whole();
        let peer = self.trusted_proxies.sender(phase.peer(), request.headers());
        let mut post =
            PostOutcome::arrived(&self.recorder, peer, request.body().size_hint().lower());
        let span = self.tracer.receive(|| arrival(&request, &self.path, peer));
        post.traced_below(&span);
        let (head, mut body) = request.into_parts();
        // Not an async fn, which would keep the request and its parts beside each other. Each
        // connection has room for this future, and it is moved there for each post: 1,120 bytes.
        async move {
            let read = match self.admit(&head, &mut post, begun).await {
                Ok(user) => match body::read(&mut body, &mut post, &self.limits, begun).await {
                    Ok(value) => self.accept(&head.headers, user.as_deref(), &value, &mut post),
                    Err(error) => Err(error.into()),
                },
                Err(rejection) => Err(rejection),
            };
            let Publishable { record, text, to } = match read {
                Ok(accepted) => accepted,
                Err(rejection) => {
                    // Before the rest is read for the connection's sake: the sender may leave.
                    post.refuse(rejection.outcome(), || rejection.why());
                    let rest = if rejection.is_of_framing() {
                        // Nobody knows what is its rest, and what the next request.
                        Rest::Unread
                    } else {
                        body::discard(&mut body, &head.headers).await
                    };
                    return refused(&rejection, rest, span);
                }
            };
            // Freed before the wait for the ack: the map of headers is a kilobyte for each post.
            drop((head, body));
            post.send_span().describe(|| {
                let (topic, key, id) = (record.topic(), record.key(), record.id());
                Outgoing { topic, key, id }
            });
            match self.publisher(&to).publish(record, post).await {
                Ok(receipt) => accepted(receipt, text, span),
                Err(undelivered) => refused(&Rejection::Undelivered(undelivered), Rest::Read, span),
            }
        }
    }

    fn publisher(&self, to: &Destination) -> &Publisher {
        match (to, &self.dead_letters) {
            (Destination::DeadLetters, Some(dead_letters)) => &dead_letters.publisher,
            (Destination::DeadLetters | Destination::Topic, _) => &self.publisher,
        }
    }

    /// What the head alone decides.
    async fn admit(
        &self,
        head: &http::request::Parts,
        post: &mut PostOutcome,
        begun: Instant,
    ) -> Result<Option<Arc<User>>, Rejection> {
        if let Some(fault) = head.extensions.get() {
            return Err(Rejection::InvalidHead { fault: *fault });
        }
        if head.uri.path() != self.path {
            return Err(Rejection::NotFound);
        }
        if head.method != Method::POST {
            return Err(Rejection::MethodNotAllowed);
        }
        let user = self.authenticate(&head.headers, post, begun).await?;
        if !body::is_identity(&head.headers) {
            return Err(Rejection::UnsupportedEncoding);
        }
        Ok(user)
    }

    async fn authenticate(
        &self,
        headers: &HeaderMap,
        post: &mut PostOutcome,
        begun: Instant,
    ) -> Result<Option<Arc<User>>, Rejection> {
        let Authentication::Restricted(authenticator) = &self.access else { return Ok(None) };
        let (basic_auth, user) = match authenticator.look_up(headers) {
            CacheLookup::Known(user) => {
                post.of_user(Some(user.shared_name()));
                return Ok(Some(user));
            }
            CacheLookup::Refused { user } => {
                post.of_user(user);
                return Err(Rejection::Unauthorized);
            }
            CacheLookup::LongPassword { user } => {
                post.of_user(user);
                self.recorder.metrics.long_passwords.inc();
                return Err(Rejection::LongPassword);
            }
            CacheLookup::Unverified { basic_auth, user } => {
                post.of_user(user.clone());
                (basic_auth, user)
            }
        };
        // Boxed: it is large, and only a pair that is not known yet needs it.
        let deadline = begun + self.limits.read_timeout;
        match Box::pin(authenticator.verify(basic_auth, user, post.peer(), deadline)).await {
            Decision::Known(user) => Ok(Some(user)),
            Decision::Refused => Err(Rejection::Unauthorized),
            Decision::Overloaded => Err(Rejection::Overloaded),
        }
    }

    /// What the body decides.
    fn accept(
        &self,
        headers: &HeaderMap,
        user: Option<&User>,
        value: &Bytes,
        post: &mut PostOutcome,
    ) -> Result<Publishable, Rejection> {
        let received = self.clock.now();
        let notification = match Notification::parse(value, self.contract) {
            Ok(notification) => notification,
            Err(invalid) => {
                if let Some(About { app_id, type_name }) = invalid.about() {
                    post.about(app_id.as_ref().map(AppId::as_str), type_name.as_deref());
                }
                return self.keep_or_refuse(headers, user, value, received, invalid, post);
            }
        };
        let app_id = notification.app_id().as_str();
        post.about(Some(app_id), Some(notification.type_name()));
        if !user.is_none_or(|user| user.may_speak_for(app_id)) {
            return Err(Rejection::ForbiddenApp);
        }
        let trace = TraceContext::of(headers);
        let of_send_span = post.send_span().begin();
        let time = notification.time();
        let event = Event {
            app_id,
            event_type: notification.type_name(),
            source: &self.source,
            subject: notification.subject(),
            time: time.as_ref().map(|time| time as &dyn fmt::Display),
            trace_parent: of_send_span.as_deref().or(trace.as_ref().map(|trace| trace.parent)),
            trace_state: trace.as_ref().and_then(|trace| trace.state.as_deref()),
            user: user.map(User::name),
        };
        let record = Record::new(self.topic.clone(), event, value.clone(), received);
        post.describe(notification.kind(), record.id());
        if let Some(dead_letters) = &self.dead_letters
            && let Some(too_large) = self.publisher.over_limit(&record)
        {
            let rejection = Rejection::Undelivered(too_large);
            let (record, text) = dead_letters.keep_refused(record, &rejection, post);
            return Ok(Publishable { record, text, to: Destination::DeadLetters });
        }
        let text = text_of_200(record.id());
        Ok(Publishable { record, text, to: Destination::Topic })
    }

    /// What becomes of a post that is no notification.
    #[cold]
    fn keep_or_refuse(
        &self,
        headers: &HeaderMap,
        user: Option<&User>,
        value: &Bytes,
        received: SystemTime,
        invalid: Invalid,
        post: &mut PostOutcome,
    ) -> Result<Publishable, Rejection> {
        let rejection = Rejection::Invalid(invalid);
        let Some(dead_letters) = &self.dead_letters else { return Err(rejection) };
        let app_id = rejection.app_id();
        let may_speak = |app_id| user.is_none_or(|user| user.may_speak_for(app_id));
        if !app_id.is_none_or(may_speak) {
            return Err(Rejection::ForbiddenApp);
        }
        let (user, source) = (user.map(User::name), &*self.source);
        let invalid = InvalidPost { headers, user, value, received, app_id, source };
        let (record, text) = dead_letters.keep(&invalid, &rejection, post);
        Ok(Publishable { record, text, to: Destination::DeadLetters })
    }
}

/// What a 200 says of the record with this id. `concat` makes room once, for exactly that.
fn text_of_200(id: &str) -> Bytes {
    [r#"{"status":"accepted","id":""#, id, r#""}"#].concat().into()
}

/// The one 200. It takes the receipt away, so that there is one answer for each.
fn accepted(_: Receipt, text: Bytes, span: RequestSpan) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text));
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    span.accepted(response.status().as_u16());
    response
}

/// Any other answer.
fn refused(rejection: &Rejection, rest: Rest, span: RequestSpan) -> Response<Full<Bytes>> {
    let response = rejection.response(rest);
    span.refused(response.status().as_u16(), rejection.outcome().as_str());
    response
}
