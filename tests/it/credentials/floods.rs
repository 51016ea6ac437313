//! Floods of wrong passwords, and who gets in beside them.

use crate::credentials::{htpasswd, post_as, send};
use crate::support::rig::{Rig, SOON};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use testkit::here;
use testkit::http::{Connection, basic, request};
use testkit::notification::{PATH, ROOMDROP};

/// A hash that takes some tens of milliseconds in a build for tests, as one of cost 10 does in a
/// release.
const COST: &str = "6";
/// Who flood.
const THREADS: usize = 300;
const USERS: usize = 50;
const FIRST_POSTS: usize = 4;

/// How much slower a known pair may be beside a flood, on whatever machine; and what a busy one does to
/// anybody.
const SLOWER: u32 = 10;
const NOTICED: Duration = Duration::from_millis(40);
/// What may be resident more after twenty seconds of flood, in MB: what an allocator keeps.
const MORE: f64 = 4.0;

#[test]
fn first_posts_get_in_beside_a_flood_for_the_same_user() {
    let Some(line) = htpasswd(here!(), &["-nbB", "-C", COST, "video", "secret"]) else { return };
    let rig = Rig::on_mock(|serve| serve.credentials(line).arg("--read-timeout", "6s"));

    let took = beside_a_flood(
        &rig,
        |_| "video".to_owned(),
        || {
            let begun = Instant::now();
            let mut posts: Vec<_> =
                (0..FIRST_POSTS).map(|_| send(&rig, "video", "secret")).collect();
            assert!(posts.iter_mut().all(|post| post.read().status == 200));
            begun.elapsed()
        },
    );

    // Two turns, and the machine is busy.
    assert!(took < SOON / 2, "{took:?}");
    assert_eq!(rig.outcomes()["published"], FIRST_POSTS as u64);
}

#[test]
fn first_posts_of_many_users_get_in_whatever_else_is_asked() {
    let Some(line) = htpasswd(here!(), &["-nbB", "-C", COST, "user", "secret"]) else { return };
    let lines = (0..USERS).map(|user| line.trim().replacen("user", &format!("user{user}"), 1));
    let lines: Vec<_> = lines.collect();
    let flags = |limit| {
        move |serve: testkit::bridge::launch::Launch| {
            serve.credentials(limit).arg("--read-timeout", "20s")
        }
    };
    let rig = Rig::on_mock(flags(lines.join("\n")));

    // Two of three names are not in the file, and each is another.
    let name = |n: usize| if n.is_multiple_of(3) { "user7".to_owned() } else { format!("name{n}") };
    beside_a_flood(&rig, name, || {
        let users = (0..USERS).map(|user| format!("user{user}"));
        let mut posts: Vec<_> = users.map(|user| send(&rig, &user, "secret")).collect();
        let refused: Vec<_> =
            posts.iter_mut().map(Connection::read).filter(|post| post.status != 200).collect();
        assert!(refused.is_empty(), "{}: {:?}", refused.len(), refused[0]);
    });
}

/// How one lone first post fares, over many bridges; to be read, and run by hand.
#[test]
#[ignore = "a measurement"]
fn a_lone_first_post_beside_a_flood_as_measured() {
    let Some(line) = htpasswd(here!(), &["-nbB", "-C", COST, "video", "secret"]) else { return };
    let mut took = Vec::new();
    for _ in 0..20 {
        let rig = Rig::on_mock(|serve| serve.credentials(line.clone()));
        took.push(beside_a_flood(
            &rig,
            |_| "video".to_owned(),
            || {
                let begun = Instant::now();
                let status = post_as(&rig, "video", "secret").status;
                (begun.elapsed().as_millis(), status)
            },
        ));
        let rss = rig.bridge().metric("process_resident_memory_bytes") / 1e6;
        eprintln!("{:?} {rss:.1} MB {:?}", took.last().unwrap(), rig.outcomes());
    }
    took.sort_unstable();
    eprintln!("{took:?}");
}

/// The waits of posts of a known pair without a flood and beside it, and memory: to be read, too.
#[test]
#[ignore = "a minute"]
fn a_flood_against_a_hash_of_cost_12_is_felt_by_no_known_pair() {
    let Some(line) = htpasswd(here!(), &["-nbB", "-C", "12", "video", "secret"]) else { return };
    // A build for tests takes seconds over such a hash.
    let rig = Rig::on_mock(|serve| serve.credentials(line).arg("--read-timeout", "20s"));
    assert_eq!(post_as(&rig, "video", "secret").status, 200);
    let rss = || rig.bridge().metric("process_resident_memory_bytes") / 1e6;
    let waits = || {
        let mut connection = rig.connect();
        let authorization = basic("video", "secret");
        let post = request("POST", PATH, &[("Authorization", &authorization)], ROOMDROP);
        let mut waits: Vec<_> = (0..1000)
            .map(|_| {
                let begun = Instant::now();
                connection.send(&post);
                assert_eq!(connection.read().status, 200);
                begun.elapsed()
            })
            .collect();
        waits.sort_unstable();
        (waits[500], waits[990])
    };
    let without = waits();
    eprintln!("without: {without:?}, {:.1} MB", rss());
    let (first, second, before, after) = beside_a_flood(
        &rig,
        |_| "video".to_owned(),
        || {
            let (first, before) = (waits(), rss());
            thread::sleep(Duration::from_secs(20));
            (first, waits(), before, rss())
        },
    );
    eprintln!("beside: {first:?}, {before:.1} MB; 20 s later: {second:?}, {after:.1} MB");
    assert!(second.1 < (without.1 * SLOWER).max(NOTICED), "{without:?}, then {second:?}");
    assert!(after < before + MORE, "{before:.1} MB, then {after:.1}");
}

/// Does something while [`THREADS`] post ever new passwords for these users, as fast as they are
/// answered.
fn beside_a_flood<T>(
    rig: &Rig,
    user: impl Fn(usize) -> String + Sync,
    act: impl FnOnce() -> T,
) -> T {
    let (over, tried) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let n = tried.fetch_add(1, Ordering::Relaxed);
                    let answer = send(rig, &user(n), &format!("wrong{n}")).try_read();
                    assert!(answer.is_ok_and(|answer| matches!(answer.status, 401 | 503)));
                }
            });
        }
        rig.bridge().wait_for_metric("hookbridge_in_flight", SOON, |posts| posts > 280.0);
        let acted = act();
        over.store(true, Ordering::Relaxed);
        acted
    })
}
