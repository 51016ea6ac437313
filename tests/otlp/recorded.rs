//! What a collector receives.

use crate::collector::{Collector, Mood};
use crate::spans::{ERROR, PRODUCER, SERVER, Span, UNSET};
use crate::{PARENT, SOON, TOPIC, TRACE, mock, parent, serve, stop, with};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs;
use std::sync::Arc;
use testkit::consumer::to_end;
use testkit::http::{Connection, basic, post, request};
use testkit::notification::{APP_ID, PATH, ROOMDROP, ce_id, numbered};
use testkit::port::NOBODY;
use testkit::tls::Authority;

/// Of what the record of a post must not carry on.
const STATE: &str = "vendor=1,other=2";

#[test]
fn a_post_and_its_record_are_spans_of_the_senders_trace() {
    let (collector, mock) = (Collector::start(Mood::Answers), mock());
    let variables = ["OTEL_SERVICE_NAME=hooks", "OTEL_EXPORTER_OTLP_HEADERS=api-key=a%20b"];
    let mut bridge = with(serve(mock.bootstrap(), &collector.url()).no_auth(), &variables).start();
    bridge.wait_ready(SOON);
    let headers = [("traceparent", &*parent("01")), ("tracestate", STATE)];
    let answer = post(bridge.webhook(), PATH, &headers, ROOMDROP);
    assert_eq!(answer.status, 200, "{}", answer.text());
    stop(&mut bridge);

    let [record] = &to_end(&mock.bootstrap(), TOPIC)[..] else { panic!("one record") };
    let mut spans = collector.spans();
    spans.sort_by_key(|span| span.kind);
    let [request, send] = &spans[..] else { panic!("two spans: {spans:?}") };

    assert_eq!((&*request.name, request.kind), ("POST /webhook", SERVER));
    assert_eq!((&*request.trace, &*request.parent), (TRACE, PARENT));
    assert_eq!((&*request.state, request.status), (STATE, UNSET));
    for (name, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/webhook"),
        ("url.path", "/webhook"),
        ("url.scheme", "http"),
        ("client.address", "127.0.0.1"),
        ("http.response.status_code", "200"),
    ] {
        assert_eq!(request.attribute(name), value, "{name}");
    }
    assert_eq!(request.attributes.len(), 6, "{request:?}");

    assert_eq!((&*send.name, send.kind), ("send events", PRODUCER));
    assert_eq!((&*send.trace, &send.parent), (TRACE, &request.id));
    for (name, value) in [
        ("messaging.system", "kafka"),
        ("messaging.operation.name", "send"),
        ("messaging.operation.type", "send"),
        ("messaging.destination.name", TOPIC),
        ("messaging.destination.partition.id", &record.partition.to_string()),
        ("messaging.kafka.offset", &record.offset.to_string()),
        ("messaging.kafka.message.key", APP_ID),
        ("cloudevents.event_id", &ce_id(APP_ID, ROOMDROP)),
    ] {
        assert_eq!(send.attribute(name), value, "{name}");
    }
    assert_eq!(send.attributes.len(), 8, "{send:?}");
    assert!(0 < send.took && send.took < request.took, "{spans:?}");

    let carried = format!("00-{TRACE}-{}-01", send.id);
    assert_eq!(record.header("traceparent"), Some(&*carried));
    assert_eq!(record.header("tracestate"), Some(STATE));

    assert_eq!(send.resource["service.name"], "hooks");
    assert_eq!(send.resource["service.version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(send.schema, "https://opentelemetry.io/schemas/1.42.0");
    let [export] = &collector.exports()[..] else { panic!("one export") };
    assert!(export.head.starts_with("post /v1/traces http/1.1\r\n"), "{}", export.head);
    assert!(export.head.contains("\r\ncontent-type: application/x-protobuf\r\n"));
    assert!(export.head.contains("\r\napi-key: a b\r\n"), "{}", export.head);
}

#[test]
fn the_sender_decides_what_is_sampled_and_refusals_have_a_span() {
    let (collector, mock) = (Collector::start(Mood::Answers), mock());
    let mut bridge = serve(mock.bootstrap(), &collector.url()).no_auth().start();
    bridge.wait_ready(SOON);
    let posted = |trace: &str, session| {
        let headers = [("traceparent", trace)];
        post(bridge.webhook(), PATH, &headers, numbered(session)).status
    };
    assert_eq!(posted(&parent("00"), 1), 200);
    assert_eq!(posted("none that is valid", 2), 200);
    let refused = |trace: &str, path, body| {
        post(bridge.webhook(), path, &[("traceparent", trace)], body).status
    };
    assert_eq!(refused(&parent("00"), PATH, "{}"), 422);
    assert_eq!(refused(&parent("01"), PATH, "{}"), 422);
    assert_eq!(refused(&parent("01"), "/elsewhere", "{}"), 404);
    let mut odd = Connection::open(bridge.webhook());
    odd.send(request("BREW", PATH, &[], ""));
    assert_eq!(odd.read().status, 405);
    stop(&mut bridge);

    let records = to_end(&mock.bootstrap(), TOPIC);
    let carried = |session| {
        let body = numbered(session);
        let record = records.iter().find(|record| record.value == body.as_bytes()).unwrap();
        record.header("traceparent").unwrap().to_owned()
    };
    assert_eq!(carried(1), parent("00"), "it passes on as it came");
    let spans = collector.spans();
    let named = |name: &str| -> Vec<Span> {
        spans.iter().filter(|span| span.name == name).cloned().collect()
    };
    let [send] = &named("send events")[..] else { panic!("one send: {spans:?}") };
    assert_eq!(carried(2), format!("00-{}-{}-01", send.trace, send.id));
    let posts = named("POST /webhook");
    let [root] = &posts.iter().filter(|span| span.parent.is_empty()).collect::<Vec<_>>()[..] else {
        panic!("one begins a trace: {spans:?}")
    };
    assert_eq!((&root.trace, &root.id), (&send.trace, &send.parent));
    assert_eq!(root.resource["service.name"], "hookbridge");
    let [invalid] = &posts.iter().filter(|span| span.parent == PARENT).collect::<Vec<_>>()[..]
    else {
        panic!("one is refused: {spans:?}")
    };
    assert_eq!(invalid.attribute("http.response.status_code"), "422");
    assert_eq!(invalid.attribute("hookbridge.code"), "invalid_notification");
    assert_eq!((invalid.attribute("error.type"), invalid.status), ("", UNSET));
    let [elsewhere] = &named("POST")[..] else { panic!("one is elsewhere: {spans:?}") };
    assert_eq!(
        (elsewhere.attribute("url.path"), elsewhere.attribute("http.route")),
        ("/elsewhere", "")
    );
    let [odd] = &named("HTTP /webhook")[..] else { panic!("one is odd: {spans:?}") };
    assert_eq!(odd.attribute("http.request.method"), "_OTHER");
    assert_eq!(odd.attribute("http.request.method_original"), "BREW");
    assert_eq!(spans.len(), 5, "{spans:?}");
}

#[test]
fn what_goes_to_disk_or_nowhere_says_so() {
    let collector = Collector::start(Mood::Answers);
    let folder = tempfile::tempdir().unwrap();
    let spool = folder.path().join("spool").display().to_string();
    let away = serve(NOBODY, &collector.url()).no_auth().arg("--ack-timeout", "200ms");
    let sampled = [("traceparent", &*parent("01"))];
    let mut spooling = away.clone().arg("--spool", &spool).start();
    assert_eq!(post(spooling.webhook(), PATH, &sampled, ROOMDROP).status, 200);
    stop(&mut spooling);
    let [request, send] = &by_kind(&collector)[..] else { panic!("two spans") };
    assert_eq!((request.attribute("http.response.status_code"), request.status), ("200", UNSET));
    assert!(!send.attribute("hookbridge.spool.row").is_empty(), "{send:?}");
    assert_eq!((send.attribute("messaging.kafka.offset"), send.status), ("", UNSET));
    let stored = std::process::Command::new(crate::HOOKBRIDGE.path())
        .args(["spool", "export", "--spool", &spool])
        .output()
        .unwrap();
    let stored = String::from_utf8(stored.stdout).unwrap();
    assert!(stored.contains(&format!("00-{TRACE}-{}-01", send.id)), "{stored}");

    let collector = Collector::start(Mood::Answers);
    let mut refusing = away.arg("--otlp-traces-endpoint", format!("{}/x", collector.url())).start();
    assert_eq!(post(refusing.webhook(), PATH, &sampled, ROOMDROP).status, 503);
    stop(&mut refusing);
    let [request, send] = &by_kind(&collector)[..] else { panic!("two spans") };
    for span in [request, send] {
        assert_eq!((span.attribute("error.type"), span.status), ("unavailable", ERROR));
    }
    assert_eq!(request.attribute("http.response.status_code"), "503");
    assert!(collector.exports()[0].head.starts_with("post /x http/1.1\r\n"));
}

#[test]
fn a_dead_letter_is_sent_to_its_own_topic_over_tls_too() {
    let authority = Authority::new();
    let identity = authority.issue_to("collector", &["127.0.0.1"], 30);
    let chain = CertificateDer::pem_slice_iter(identity.cert.as_bytes());
    let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let collector = Collector::start(Mood::AnswersOverTls(Arc::new(config)));
    let folder = tempfile::tempdir().unwrap();
    let trusted = folder.path().join("ca.pem");
    fs::write(&trusted, authority.certificate()).unwrap();
    let mock = mock();
    mock.create_topic("dead", 1);
    let mut bridge = serve(mock.bootstrap(), &collector.tls_url())
        .arg("--otlp-certificate", trusted.display().to_string())
        .credentials("video:plain:hush")
        .arg("--invalid", "dead-letter")
        .arg("--dead-letter-topic", "dead")
        .start();
    bridge.wait_ready(SOON);
    let headers = [("Authorization", &*basic("video", "hush")), ("traceparent", &*parent("01"))];
    assert_eq!(post(bridge.webhook(), PATH, &headers, "no JSON").status, 200);
    stop(&mut bridge);

    let [_, send] = &by_kind(&collector)[..] else { panic!("two spans: {}", bridge.log()) };
    let [record] = &to_end(&mock.bootstrap(), "dead")[..] else { panic!("one dead letter") };
    assert_eq!(send.name, "send dead");
    assert_eq!(send.attribute("messaging.kafka.message.key"), "");
    let carried = format!("00-{TRACE}-{}-01", send.id);
    assert_eq!(record.header("traceparent"), Some(&*carried));
}

/// All spans so far, that of the request first.
fn by_kind(collector: &Collector) -> Vec<Span> {
    let mut spans = collector.spans();
    spans.sort_by_key(|span| span.kind);
    spans
}
