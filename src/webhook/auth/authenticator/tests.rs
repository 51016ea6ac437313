//! What is verified, found again and refused, and what a refusal costs.

use super::*;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::HeaderValue;
use http::header::AUTHORIZATION;
use std::time::Duration;
use tokio::task::{JoinSet, yield_now};

// Of cost 4, 16 rounds each; made with libxcrypt.
const OLD: &str = "$2y$04$abcdefghijklmnopqrstuu3C6u2sQjFttrT16nmXgxlk/de0mfCmu";
/// Of the password of [`OLD`], with another salt.
const ANEW: &str = "$2y$04$XjSmpUPhCrL3TnZGcHnBhOcND8J6SHS1LPFtu/20kqzt4wIzCbi3C";
const NEW: &str = "$2y$04$ABCDEFGHIJKLMNOPQRSTUuEfshSKs1cM4QA/.q4TRRlHAUGwvFRm6";

fn authenticator(file: &str) -> Arc<Authenticator> {
    Arc::new(Authenticator::new(Credentials::parse(file).unwrap()))
}

fn with_pair(pair: &str) -> HeaderMap {
    let value = format!("Basic {}", BASE64_STANDARD.encode(pair));
    HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::try_from(value).unwrap())])
}

fn known(authenticator: &Authenticator, pair: &str) -> Option<Arc<User>> {
    match authenticator.look_up(&with_pair(pair)) {
        CacheLookup::Known(user) => Some(user),
        CacheLookup::Refused { .. }
        | CacheLookup::LongPassword { .. }
        | CacheLookup::Unverified { .. } => None,
    }
}

fn unverified(authenticator: &Authenticator, pair: &str) -> (BasicAuth, Option<Arc<str>>) {
    let verified = authenticator.look_up(&with_pair(pair));
    let CacheLookup::Unverified { basic_auth, user } = verified else { panic!("{verified:?}") };
    (basic_auth, user)
}

/// The slow half, for somebody on this machine who waits for long. The quick half is over at once.
fn decide(
    authenticator: &Arc<Authenticator>,
    pair: &str,
) -> impl Future<Output = Decision> + Send + use<> {
    let (authenticator, (basic_auth, user)) =
        (Arc::clone(authenticator), unverified(authenticator, pair));
    let deadline = Instant::now() + Duration::from_secs(60);
    let peer = IpAddr::from([127, 0, 0, 1]);
    async move { authenticator.verify(basic_auth, user, peer, deadline).await }
}

fn post_at_once(
    authenticator: &Arc<Authenticator>,
    times: usize,
    pair: impl Fn(usize) -> String,
) -> JoinSet<Decision> {
    (0..times).map(|post| decide(authenticator, &pair(post))).collect()
}

async fn verify(authenticator: &Arc<Authenticator>, pair: &str) -> Option<Arc<User>> {
    match decide(authenticator, pair).await {
        Decision::Known(user) => Some(user),
        Decision::Refused => None,
        Decision::Overloaded => panic!("nobody else is here"),
    }
}

#[tokio::test]
async fn a_good_pair_is_hashed_once_and_known_from_then_on() {
    let authenticator = authenticator(&format!("test:{OLD}"));
    assert!(known(&authenticator, "test:old").is_none());
    assert_eq!(verify(&authenticator, "test:old").await.unwrap().name(), "test");
    assert_eq!(known(&authenticator, "test:old").unwrap().name(), "test");
    assert_eq!(authenticator.rounds(), 16);
}

#[tokio::test]
async fn a_wrong_pair_is_refused_and_not_remembered() {
    let authenticator = authenticator(&format!("test:{OLD}"));
    for pair in ["test:new", "test:", "test:old ", "Test:old", "nobody:old", "\u{ff}:old"] {
        assert!(verify(&authenticator, pair).await.is_none(), "{pair}");
        assert!(known(&authenticator, pair).is_none(), "{pair}");
    }
}

#[tokio::test]
async fn both_passwords_of_a_rotation_match_the_apps_of_their_lines() {
    let authenticator = authenticator(&format!("test:{OLD} 555\ntest:{NEW} 556,557"));
    let new = verify(&authenticator, "test:new").await.unwrap();
    let old = verify(&authenticator, "test:old").await.unwrap();
    assert!(old.may_speak_for("555") && !old.may_speak_for("556"));
    assert!(new.may_speak_for("556") && !new.may_speak_for("555"));
    assert!(Arc::ptr_eq(&known(&authenticator, "test:old").unwrap(), &old));
    assert!(Arc::ptr_eq(&known(&authenticator, "test:new").unwrap(), &new));
}

#[tokio::test]
async fn every_refusal_costs_the_rounds_of_the_costliest_user() {
    let file = format!("two:{OLD}\ntwo:{NEW}\none:{OLD}\nplain:plain:secret");
    let authenticator = authenticator(&file);
    for (refusals, pair) in ["two:x", "one:x", "plain:x", "nobody:x"].iter().enumerate() {
        assert!(verify(&authenticator, pair).await.is_none());
        assert_eq!(authenticator.rounds(), 32 * (refusals as u64 + 1), "{pair}");
    }
}

#[test]
fn without_bcrypt_everything_is_known_or_refused_at_once() {
    let authenticator = authenticator("test:plain:a:b\ntest:plain:ü 555");
    assert!(known(&authenticator, "test:a:b").unwrap().may_speak_for("1"));
    assert!(!known(&authenticator, "test:ü").unwrap().may_speak_for("1"));
    for pair in ["test:a", "test:", "nobody:a:b", ":", "test"] {
        let verified = authenticator.look_up(&with_pair(pair));
        assert!(matches!(verified, CacheLookup::Refused { .. }), "{pair}");
    }
    assert!(matches!(
        authenticator.look_up(&HeaderMap::new()),
        CacheLookup::Refused { user: None }
    ));
}

#[tokio::test]
async fn a_good_pair_sent_thousands_of_times_at_once_is_hashed_once() {
    let authenticator = authenticator(&format!("test:{OLD}"));
    let posts = post_at_once(&authenticator, 4096, |_| "test:old".to_owned());
    let verdicts = posts.join_all().await;
    assert!(verdicts.iter().all(|verdict| matches!(verdict, Decision::Known(_))));
    assert_eq!(authenticator.rounds(), 16);
}

#[tokio::test]
async fn a_flood_of_wrong_passwords_leaves_a_known_pair_known() {
    let authenticator = authenticator(&format!("test:{OLD}\nknown:plain:secret"));
    let mut flood = post_at_once(&authenticator, 2000, |n| format!("test:wrong {n}"));
    while !matches!(flood.join_next().await.unwrap().unwrap(), Decision::Overloaded) {}
    assert!(known(&authenticator, "known:secret").is_some());
}

#[tokio::test]
async fn first_posts_of_many_users_get_in_beside_a_flood_of_names_and_of_passwords() {
    let lines: Vec<_> = (0..50).map(|user| format!("user{user}:{OLD}")).collect();
    let authenticator = authenticator(&lines.join("\n"));
    let names = post_at_once(&authenticator, 500, |n| format!("name {n}:old"));
    let passwords = post_at_once(&authenticator, 500, |n| format!("user0:wrong {n}"));
    yield_now().await;
    let first = post_at_once(&authenticator, 50, |user| format!("user{user}:old"));
    assert!(first.join_all().await.iter().all(|one| matches!(one, Decision::Known(_))));
    // A turn of each flow for each of theirs, and the hashes that are awaited no longer by now.
    assert!(authenticator.rounds() <= 16 * (50 * 3 + 2), "{}", authenticator.rounds());
    drop((names, passwords));
}

#[tokio::test]
async fn a_first_post_gets_in_beside_many_with_an_outdated_password() {
    let authenticator = authenticator(&format!("test:{NEW}"));
    let flood = post_at_once(&authenticator, 500, |_| "test:old".to_owned());
    yield_now().await;
    assert!(verify(&authenticator, "test:new").await.is_some());
    assert!(flood.join_all().await.iter().all(|verdict| matches!(verdict, Decision::Refused)));
}

#[test]
fn debug_shows_no_secret_and_no_hash() {
    let file = format!("test:{OLD}\ntest:plain:hidden");
    let credentials = Credentials::parse(&file).unwrap();
    let parsed = format!("{credentials:?}");
    let authenticator = Authenticator::new(credentials);
    let basic_auth = authenticator.look_up(&with_pair("me:hidden"));
    let shown = format!("{parsed}{authenticator:?}{basic_auth:?}");
    assert!(!shown.contains("hidden") && !shown.contains("abcdefgh"), "{shown}");
}

#[test]
fn a_password_over_72_bytes_is_refused_with_its_user_if_known() {
    let authenticator = authenticator(&format!("test:{OLD}\nother:plain:x"));
    let long = "x".repeat(73);
    for (user, named) in [("test", Some("test")), ("nobody", None), ("other", Some("other"))] {
        let verified = authenticator.look_up(&with_pair(&format!("{user}:{long}")));
        let CacheLookup::LongPassword { user } = verified else { panic!("{verified:?}") };
        assert_eq!(user.as_deref(), named);
    }
    let mut users = authenticator.users_with_long_passwords();
    users.sort();
    assert_eq!(users.iter().map(|user| &**user).collect::<Vec<_>>(), ["other", "test"]);
    assert_eq!(authenticator.rounds(), 0);
}

fn reload(authenticator: &Authenticator, file: &str) {
    authenticator.replace(Credentials::parse(file).unwrap());
}

#[tokio::test]
async fn a_user_that_is_removed_is_refused_from_the_next_post_on() {
    let authenticator = authenticator(&format!("test:{OLD}\nplain:plain:secret\nstays:{NEW}"));
    assert!(verify(&authenticator, "test:old").await.is_some());
    reload(&authenticator, &format!("stays:{NEW}"));
    assert!(known(&authenticator, "test:old").is_none());
    assert!(known(&authenticator, "plain:secret").is_none());
    assert!(verify(&authenticator, "test:old").await.is_none());
}

#[tokio::test]
async fn a_pair_whose_line_stays_is_known_for_the_new_file_s_apps() {
    let authenticator = authenticator(&format!("test:{OLD} 555"));
    verify(&authenticator, "test:old").await.unwrap();
    reload(&authenticator, &format!("new:plain:secret\ntest:{NEW}\ntest:{OLD} 556"));
    let user = known(&authenticator, "test:old").unwrap();
    assert!(user.may_speak_for("556") && !user.may_speak_for("555"));
    assert_eq!(authenticator.rounds(), 16, "it is not hashed anew");
    assert!(known(&authenticator, "new:secret").is_some());
    assert!(verify(&authenticator, "test:new").await.is_some());
}

#[tokio::test]
async fn a_changed_password_of_a_user_takes_the_old_one_away() {
    let authenticator = authenticator(&format!("test:{OLD}\nplain:plain:old"));
    verify(&authenticator, "test:old").await.unwrap();
    reload(&authenticator, &format!("test:{NEW}\nplain:plain:new"));
    assert!(verify(&authenticator, "test:old").await.is_none());
    assert!(known(&authenticator, "plain:old").is_none());
    assert!(known(&authenticator, "plain:new").is_some());
}

#[tokio::test]
async fn a_hash_under_way_admits_no_user_who_is_removed_meanwhile() {
    let authenticator = authenticator(&format!("test:{OLD}\nstays:{NEW}"));
    let (basic_auth, _) = unverified(&authenticator, "test:old");
    let pair = authenticator.known.digest(basic_auth.pair());
    let before = Arc::clone(&authenticator.file());
    reload(&authenticator, &format!("stays:{NEW}"));
    let found = authenticator.hash_against(&before, &basic_auth);
    assert!(found.is_some());
    let now = authenticator.conclude(&before, found, pair).unwrap_err();
    let found = authenticator.hash_against(&now, &basic_auth);
    assert!(authenticator.conclude(&now, found, pair).unwrap().is_none());
    assert!(known(&authenticator, "test:old").is_none());
}

#[tokio::test]
async fn the_last_use_of_each_password_outlives_a_reload() {
    let authenticator = authenticator(&format!("test:{OLD}\ntest:{NEW}\nplain:plain:secret"));
    verify(&authenticator, "test:new").await.unwrap();
    known(&authenticator, "plain:secret").unwrap();
    let uses = |authenticator: &Authenticator| {
        let uses = authenticator.last_uses().into_iter();
        uses.map(|(user, number, at)| format!("{user} {number} {}", at.is_some())).collect()
    };
    let before: Vec<_> = uses(&authenticator);
    assert_eq!(before, ["test 1 false", "test 2 true", "plain 1 true"]);
    reload(&authenticator, &format!("plain:plain:secret\ntest:{NEW}\nother:plain:x"));
    let after: Vec<_> = uses(&authenticator);
    assert_eq!(after, ["plain 1 true", "test 1 true", "other 1 false"]);
}

/// A line that is written anew, for the same password, bears another hash.
#[tokio::test]
async fn a_good_pair_gets_in_although_its_line_changes_meanwhile() {
    for line in [format!("test:{ANEW}"), "test:plain:old".to_owned()] {
        let authenticator = authenticator(&format!("test:{OLD}"));
        let (basic_auth, _) = unverified(&authenticator, "test:old");
        let pair = authenticator.known.digest(basic_auth.pair());
        let before = Arc::clone(&authenticator.file());
        let found = authenticator.hash_against(&before, &basic_auth);
        reload(&authenticator, &line);
        let user = match authenticator.conclude(&before, found, pair) {
            Ok(user) => user,
            Err(now) => {
                let found = authenticator.hash_against(&now, &basic_auth);
                authenticator.conclude(&now, found, pair).unwrap()
            }
        };
        assert_eq!(user.unwrap().name(), "test");
    }
}
