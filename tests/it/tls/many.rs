//! Many senders at once, each with a connection for each of its posts.

use crate::tls::secured;
use rustls::version::TLS13;
use std::time::Duration;
use testkit::load::Load;
use testkit::load::posts::Posts;
use testkit::load::schedule::Pace;
use testkit::load::way::{Life, Way};
use testkit::tls::Authority;

#[test]
fn a_connection_for_each_post_is_taken_from_many_at_once() {
    const SENDERS: usize = 32;
    let authority = Authority::new();
    let (rig, _files) = secured(&authority.issue(30), |serve| serve);
    let client = authority.client(&TLS13).http1();

    for (tls, is_resumed) in [(client.without_sessions(), false), (client, true)] {
        let way = Way { to: rig.addr(), life: Life::OnePost, tls: Some(tls) };
        let mut load = Load::by(&way, SENDERS, Posts::new(7)).unwrap();
        let tally = load.run(Pace::Closed, Duration::from_millis(300));
        assert_eq!(tally.first_failure, None);
        assert!(tally.answered() >= SENDERS as u64);
        assert_eq!(tally.resumed > 0, is_resumed);
    }
}
