//! The admin port: what machines read of the bridge, whatever the bridge is busy with.

use crate::support::HOOKBRIDGE;
use crate::support::rig::{Rig, SOON};
use crate::support::spool::{SpoolFolder, records};
use hookbridge::metrics::{EventKind, Outcome};
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};
use testkit::bridge::Bridge;
use testkit::exposition::Exposition;
use testkit::here;
use testkit::http::{Connection, Response, get, request};
use testkit::notification::{PATH, ROOMDROP};
use testkit::port::NOBODY;
use testkit::promtool::promtool;

const SAMPLES: [(&str, &str); 4] = [
    ("roomdrop", ROOMDROP),
    ("recording", include_str!("../samples/recording.json")),
    ("transcoded", include_str!("../samples/transcoded.json")),
    ("file-transfer", include_str!("../samples/file-transfer-awss3.json")),
];

/// Series that users build alerts on, beside those with labels.
const NAMES: [&str; 8] = [
    "hookbridge_received_total",
    "hookbridge_answer_seconds_count",
    "hookbridge_answer_seconds_sum",
    "hookbridge_ack_seconds_count",
    "hookbridge_connections",
    "hookbridge_in_flight",
    "hookbridge_in_flight_bytes",
    "hookbridge_kafka_up",
];

#[test]
fn every_series_is_zero_before_the_first_post() {
    let bridge = HOOKBRIDGE.serve(NOBODY).no_auth().start();
    let exposition = Exposition::of(bridge.admin());

    for outcome in Outcome::ALL {
        let series = format!("hookbridge_outcomes_total{{outcome=\"{}\"}}", outcome.as_str());
        assert_eq!(exposition.value::<u64>(&series), 0);
    }
    for event in EventKind::ALL {
        assert_eq!(exposition.value::<u64>(&accepted(event.as_str())), 0);
        assert_eq!(exposition.value::<f64>(&last_accepted(event.as_str())), 0.0);
    }
    for name in NAMES {
        assert_eq!(exposition.value::<f64>(name), 0.0, "{name}");
    }
    for (series, value) in exposition.all() {
        let says = |end| series.strip_suffix(end).is_some();
        let is_fixed = series.contains("_info{") || says("connections_limit");
        let counts = series.starts_with("hookbridge_") && !is_fixed;
        assert!(!counts || value == 0.0, "{series} is {value}");
    }
    assert!(exposition.value::<f64>("process_resident_memory_bytes") > 0.0);
    assert!(exposition.value::<f64>("process_start_time_seconds") > 0.0);
}

#[test]
fn a_mix_of_posts_is_counted_by_outcome_and_by_type() {
    let rig = Rig::on_mock(|serve| serve.arg("--unknown-events", "forward").no_auth());
    let begun = unix_seconds();
    let mut received = 0_u32;
    for (count, (_, sample)) in (1..).zip(SAMPLES) {
        for _ in 0..count {
            assert_eq!(rig.post(&[], sample).status, 200);
            received += 1;
        }
    }
    let other = ROOMDROP.replace("roomdrop", "brand-new");
    assert_eq!(rig.post(&[], other).status, 200);
    for (body, status) in [("{", 400), ("[]", 400), ("{}", 422)] {
        assert_eq!(rig.post(&[], body).status, status);
    }
    rig.connect().send(&request("POST", PATH, &[], ROOMDROP)[..100]);
    received += 1 + 3 + 1;
    rig.wait_for_count("hookbridge_received_total", received.into());

    let settled = Exposition::settled(rig.bridge().admin());

    let types = SAMPLES.map(|(name, _)| name).into_iter().chain(["other"]);
    for (name, count) in types.zip([1, 2, 3, 4, 1]) {
        assert_eq!(settled.value::<u64>(&accepted(name)), count, "{name}");
        let last = settled.value::<f64>(&last_accepted(name));
        assert!((begun..=unix_seconds()).contains(&last), "{name}: {last}");
    }
    let expected = [
        ("incomplete_body", 1),
        ("invalid_notification", 1),
        ("malformed_json", 1),
        ("not_an_object", 1),
        ("published", 11),
    ];
    assert_eq!(settled.outcomes(), expected.into());
    assert_eq!(settled.value::<u64>("hookbridge_ack_seconds_count"), 11);
    assert_eq!(settled.value::<u64>("hookbridge_ack_seconds_bucket{le=\"+Inf\"}"), 11);
    assert_eq!(settled.value::<u64>("hookbridge_answer_seconds_count"), u64::from(received));
    let [ack, answer] = ["ack", "answer"]
        .map(|name| settled.value::<f64>(&format!("hookbridge_{name}_seconds_sum")));
    assert!(0.0 < ack && ack <= answer, "{ack} {answer}");
}

#[test]
fn the_gauges_follow_what_is_open_and_under_way() {
    let rig = Rig::open();
    let bridge = rig.bridge();
    let body = ROOMDROP.len() as f64;
    assert_eq!(rig.post(&[], ROOMDROP).status, 200);
    rig.mock().round_trip_time(Duration::from_secs(1));
    let mut connections = [(); 3].map(|()| rig.connect());
    rig.wait_for_count("hookbridge_connections", 3);

    for connection in &mut connections {
        connection.send(request("POST", PATH, &[], ROOMDROP));
    }

    bridge.wait_for_metric("hookbridge_in_flight_bytes", SOON, |bytes| bytes == 3.0 * body);
    assert_eq!(bridge.metric("hookbridge_in_flight"), 3.0);
    for connection in &mut connections {
        assert_eq!(connection.read().status, 200);
    }
    drop(connections);
    rig.wait_for_count("hookbridge_connections", 0);
}

#[test]
fn a_spool_shows_how_large_it_may_become() {
    let spool = tempfile::tempdir().unwrap();
    let serve = HOOKBRIDGE.serve(NOBODY).no_auth();
    let serve = serve.arg("--spool", spool.path().to_str().unwrap());

    let bridge = serve.arg("--spool-max-bytes", "17MiB").start();

    assert_eq!(bridge.metric("hookbridge_spool_limit_bytes"), f64::from(17 << 20));
    let [all, used] =
        ["hookbridge_spool_bytes", "hookbridge_spool_used_bytes"].map(|name| bridge.metric(name));
    assert!((1.0..=all).contains(&used), "{used} of {all}");
}

#[test]
fn rows_quarantined_by_an_earlier_bridge_are_counted() {
    let folder = SpoolFolder::new();
    let open = folder.open();
    let rows = open.append(records("events", "app-1", 0..3));
    open.quarantine(&rows[..2], "InvalidRecord");
    open.close();
    std::fs::write(folder.path().join("00000000000000000007.log.damaged"), "x").unwrap();
    let serve = HOOKBRIDGE.serve(NOBODY).no_auth().arg("--spool", folder.dir());

    let bridge = serve.start();

    for (what, lie_there) in [("row", 2.0), ("file", 1.0)] {
        let of = |series| bridge.metric(&format!("hookbridge_spool_{series}{{what=\"{what}\"}}"));
        assert_eq!((of("quarantine"), of("quarantined_total")), (lie_there, 0.0), "{what}");
    }
}

#[test]
fn the_admin_port_answers_while_every_connection_is_slow() {
    let rig = Rig::on_mock(|serve| serve.arg("--max-connections", "4").no_auth());
    let half = &request("POST", PATH, &[], ROOMDROP)[..100];
    let mut taken = [(); 4].map(|()| rig.connect());
    for connection in &mut taken {
        connection.send(half);
    }
    let mut waiting = rig.connect();
    waiting.send(request("POST", PATH, &[], ROOMDROP));
    rig.wait_for_count("hookbridge_in_flight", 4);

    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(get(rig.bridge().admin(), path).status, 200, "{path}");
    }
    assert_eq!(rig.bridge().metric("hookbridge_connections"), 4.0);
    drop(taken);
    assert_eq!(waiting.read().status, 200);
}

#[test]
fn liveness_ignores_kafka_and_readiness_names_each_check() {
    let rig = Rig::open();
    let bridge = rig.bridge();
    let (status, ready) = bridge.readyz();
    let names: Vec<_> = ready["checks"].as_array().unwrap().iter().map(|c| &c["name"]).collect();
    assert_eq!((status, &ready["status"]), (200, &"ready".into()));
    assert_eq!(names, ["bridge", "kafka", "topic"]);

    rig.mock().broker_down();
    rig.wait_for_count("hookbridge_kafka_up", 0);

    assert_eq!(get(bridge.admin(), "/livez").status, 200);
    let (status, unready) = bridge.readyz();
    assert_eq!((status, &unready["status"]), (503, &"not ready".into()));
    assert_eq!(unready["checks"][1]["ok"], false);
}

#[test]
fn classic_text_is_served_on_request_and_prometheus_accepts_it() {
    let rig = Rig::open();
    assert_eq!(rig.post(&[], ROOMDROP).status, 200);

    let classic = scrape(rig.bridge(), "text/plain;version=0.0.4;q=0.3, */*;q=0.1");

    let kind = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(classic.header("content-type"), Some(kind));
    assert_eq!(classic.header("vary"), Some("accept"));
    let text = classic.text();
    for line in [
        "# TYPE hookbridge_build_info gauge\n",
        "# TYPE hookbridge_received_total counter\n",
        "\nhookbridge_received_total 1\n",
        "\nhookbridge_answer_seconds_count 1\n",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    for line in ["# EOF", "# UNIT", " info\n"] {
        assert!(!text.contains(line), "{line} is in\n{text}");
    }
    if let Some(said) = promtool(here!(), &["check", "metrics"], text) {
        assert!(said.status.success() && said.stderr.is_empty(), "{said:?}");
    }
}

#[test]
fn prometheus_and_who_does_not_say_get_open_metrics() {
    let rig = Rig::open();
    let prometheus =
        "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
    for accept in [prometheus, "*/*", "text/html"] {
        let exposition = scrape(rig.bridge(), accept);

        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!(exposition.header("content-type"), Some(kind), "{accept}");
        let text = exposition.text();
        assert!(text.contains("# TYPE hookbridge_build info\n"), "{text}");
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}

#[test]
fn both_texts_have_the_same_series() {
    let bridge = HOOKBRIDGE.serve(NOBODY).no_auth().start();
    let [classic, open] = ["text/plain", "*/*"].map(|accept| {
        let exposition = scrape(&bridge, accept);
        let series = exposition.text().lines().filter(|line| !line.starts_with('#'));
        let names = series.map(|line| line.rsplit_once(' ').expect("a value").0.to_owned());
        names.collect::<BTreeSet<_>>()
    });
    // They write the same bound of a bucket differently.
    let all = |series: BTreeSet<String>| {
        series.into_iter().map(|name| name.replace(".0\"}", "\"}")).collect::<BTreeSet<_>>()
    };
    assert_eq!(all(classic), all(open));
}

#[test]
fn the_admin_port_speaks_open_metrics_and_answers_only_reads() {
    let rig = Rig::open();
    let admin = rig.bridge().admin();
    let exposition = get(admin, "/metrics");

    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!((exposition.status, exposition.header("content-type")), (200, Some(kind)));
    assert!(exposition.text().ends_with("# EOF\n"));
    assert_eq!(get(admin, "/readyz").header("content-type"), Some("application/json"));
    for path in ["/", "/metrics/", "/webhook", "/healthz"] {
        assert_eq!(get(admin, path).status, 404, "{path}");
    }
    let mut connection = Connection::open(admin);
    connection.send(request("POST", "/metrics", &[], ROOMDROP));
    let refused = connection.read();
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD")));
    let mut connection = Connection::open(admin);
    connection.send(request("HEAD", "/livez", &[], ""));
    assert_eq!(connection.read_without_body().status, 200);
    // Questions are not posts.
    assert!(rig.outcomes().is_empty());
}

fn scrape(bridge: &Bridge, accept: &str) -> Response {
    let mut connection = Connection::open(bridge.admin());
    connection.send(request("GET", "/metrics", &[("Accept", accept)], ""));
    connection.read()
}

fn accepted(event: &str) -> String {
    format!("hookbridge_accepted_total{{type=\"{event}\"}}")
}

fn last_accepted(event: &str) -> String {
    format!("hookbridge_last_accepted_timestamp_seconds{{type=\"{event}\"}}")
}

fn unix_seconds() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64()
}
