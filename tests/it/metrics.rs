//! What an operator's machines read: the series, and the admin port beside a busy data path.

use crate::support::http::{self, Connection, get};
use crate::support::notification::numbered;
use crate::support::rig::{PATH, Rig, SOON};

#[test]
fn every_series_stands_at_zero_before_the_first_post() {
    let rig = Rig::open();
    let text = get(rig.bridge().admin(), "/metrics").text().to_owned();

    for outcome in hookbridge::metrics::Outcome::ALL {
        let line = format!("hookbridge_outcomes_total{{outcome=\"{}\"}} 0\n", outcome.as_str());
        assert!(text.contains(&line), "{line}");
    }
    for kind in ["roomdrop", "recording", "transcoded", "file-transfer", "other"] {
        assert!(text.contains(&format!("hookbridge_accepted_total{{type=\"{kind}\"}} 0\n")));
    }
    assert!(text.contains("\nhookbridge_received_total 0\n"));
    assert!(text.contains("\nprocess_resident_memory_bytes "));
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn what_was_accepted_is_counted_by_type_and_dated() {
    let rig = Rig::open();
    assert_eq!(rig.post(&[], numbered(1)).status, 200);
    assert_eq!(rig.post(&[], "{").status, 400);

    assert_eq!(rig.count("hookbridge_accepted_total{type=\"roomdrop\"}"), 1);
    assert_eq!(rig.count("hookbridge_received_total"), 2);
    assert_eq!(rig.count("hookbridge_answer_seconds_count"), 2);
    assert_eq!(rig.count("hookbridge_ack_seconds_count"), 1);
    let dated =
        rig.bridge().metric("hookbridge_last_accepted_timestamp_seconds{type=\"roomdrop\"}");
    assert!(dated > 1_700_000_000.0, "{dated}");
}

#[test]
fn metrics_are_open_metrics_and_other_paths_are_told_what_there_is() {
    let rig = Rig::open();
    let admin = rig.bridge().admin();

    let metrics = get(admin, "/metrics");
    let kind = metrics.header("content-type").unwrap();
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    assert_eq!(get(admin, "/").status, 404);
    let posted = http::post(admin, "/metrics", &[], "");
    assert_eq!((posted.status, posted.header("allow")), (405, Some("GET, HEAD")));
}

#[test]
fn the_admin_port_answers_while_no_connection_is_left_for_posts() {
    let rig = Rig::on_mock(|serve| serve.no_auth().arg("--max-connections", "2"));
    let half = format!("POST {PATH} HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\n{{");
    let mut busy: Vec<Connection> = (0..2).map(|_| rig.connect()).collect();
    for connection in &mut busy {
        connection.send(&half);
    }
    rig.bridge().wait_for_metric("hookbridge_in_flight", SOON, |posts| posts == 2.0);

    assert_eq!(get(rig.bridge().admin(), "/livez").status, 200);
    assert_eq!(rig.bridge().readyz().0, 200);
}

#[test]
fn liveness_does_not_look_at_kafka() {
    let rig = Rig::open();
    rig.mock().broker_down();

    rig.bridge().wait_for_metric("hookbridge_kafka_up", SOON, |up| up == 0.0);

    assert_eq!(get(rig.bridge().admin(), "/livez").status, 200);
    let (status, body) = rig.bridge().readyz();
    assert_eq!((status, body["status"].as_str()), (503, Some("not ready")));
    rig.mock().broker_up();
    rig.bridge().wait_ready(SOON);
}
