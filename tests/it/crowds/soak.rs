//! A long life: what a million posts leave behind.

use crate::protocol::is_accepted;
use crate::support::rig::Rig;
use std::thread;
use testkit::http::request;
use testkit::notification::{PATH, ROOMDROP};

const SENDERS: usize = 8;
const CONNECTIONS: usize = 100_000;
const POSTS_OF_ONE: usize = 10;
/// What may be resident beyond what was after the first tenth, in bytes: what an allocator keeps.
const MORE: f64 = 4e6;

#[test]
#[ignore = "minutes"]
fn a_million_posts_leave_threads_files_and_memory_as_they_were() {
    let rig = Rig::open();
    let looked = || {
        let look = |what: &str| rig.bridge().metric(&format!("process_{what}"));
        [look("threads"), look("open_fds"), look("resident_memory_bytes")]
    };
    let post = request("POST", PATH, &[], ROOMDROP);
    let soak = |connections: usize| {
        thread::scope(|scope| {
            for _ in 0..SENDERS {
                scope.spawn(|| {
                    for _ in 0..connections / SENDERS {
                        let mut connection = rig.connect();
                        for _ in 0..POSTS_OF_ONE {
                            connection.send(&post);
                            assert!(is_accepted(&connection.read(), ROOMDROP));
                        }
                    }
                });
            }
        });
    };

    soak(CONNECTIONS / 10);
    rig.wait_for_count("hookbridge_connections", 0);
    let before = looked();
    soak(CONNECTIONS / 10 * 9);
    rig.wait_for_count("hookbridge_connections", 0);
    let after = looked();

    eprintln!("threads, files, bytes: {before:?} and {after:?}");
    // The Kafka client may start or end the thread of a broker.
    assert!(after[0] <= before[0] + 1.0, "{before:?} {after:?}");
    assert!(after[1] <= before[1], "{before:?} {after:?}");
    assert!(after[2] < before[2] + MORE, "{before:?} {after:?}");
}
