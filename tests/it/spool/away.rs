//! Posts while no broker is there, from the start on.

use crate::support::HOOKBRIDGE;
use crate::support::rig::SOON;
use std::time::{Duration, Instant};
use tempfile::tempdir;
use testkit::deadline::eventually;
use testkit::http::post;
use testkit::notification::{PATH, ROOMDROP};
use testkit::port::NOBODY;

/// Far below the time-out, and long for a sync of a disk that others use too.
const AT_ONCE: Duration = Duration::from_secs(1);

#[test]
fn no_post_waits_for_a_kafka_that_is_known_to_be_away() {
    let temp = tempdir().unwrap();
    let spool = temp.path().join("spool");
    let bridge = HOOKBRIDGE
        .serve(NOBODY.to_owned())
        .no_auth()
        .arg("--spool", spool.to_str().unwrap())
        .start();
    assert_eq!(bridge.readyz().0, 200);
    let (kafka, way) = (r#""name":"kafka","ok":false"#, "spooling, 0 waiting");
    eventually(SOON, "Kafka is known to be away", || {
        let said = bridge.readyz().1.to_string();
        said.contains(kafka) && said.contains(way)
    });

    for number in 1..=5 {
        let asked = Instant::now();
        let answer = post(bridge.webhook(), PATH, &[], ROOMDROP);
        assert_eq!(answer.status, 200);
        assert!(asked.elapsed() < AT_ONCE, "post {number}: {:?}", asked.elapsed());
    }
    assert!(bridge.readyz().1.to_string().contains("spooling, 5 waiting"));
}
