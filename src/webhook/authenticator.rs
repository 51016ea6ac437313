//! HTTP Basic authentication (RFC 7617): is this request from a user of the credentials file?
//!
//! A good pair costs its slow hash once in the life of a process; afterwards its digest is known.
//! So the question comes in two halves: [`Authenticator::recognise`] is quick and runs on the
//! event loop, [`Authenticator::verify`] hashes, on another thread and in turn.
//!
//! Promises:
//! - A known pair does not wait for the hashing of others, nor for their place in a queue.
//! - Any number of connections that claim the same pair at once wait for one hash.
//! - A flood of wrong passwords is bounded in work at a time, in pairs that wait, and in the wait;
//!   see the queue for what it means for pairs that are not known yet.
//! - A refusal tells nothing but "no". Unknown user, wrong password, one password or two: all cost
//!   the same rounds of hashing, those of the costliest user in the file. What can still be told
//!   is that sum, whether it is nothing at all (a file without bcrypt), and by some microseconds
//!   into how many hashes it is divided.
//!
//! Does not answer requests, and does not count or log: that is the ingest's. Does not remember
//! pairs across a reload of the file: a new authenticator hashes anew.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderMap;
use zeroize::Zeroizing;

use crate::webhook::bcrypt_hash::{BcryptHash, waste};
use crate::webhook::claim::Claim;
use crate::webhook::credentials::{Credentials, Secret, User};
use crate::webhook::hash_queue::{HashQueue, Overloaded};
use crate::webhook::known_pairs::{Digest, KnownPairs};

/// Checks requests against one state of the credentials file. Shared by `Arc`; a reload replaces
/// it whole.
#[derive(Debug)]
pub struct Authenticator {
    known: KnownPairs,
    hashes: Box<[(Arc<User>, BcryptHash)]>,
    /// What every refusal costs: the sum over the hashes of the costliest user.
    refusal_rounds: u32,
    queue: HashQueue,
    rounds: AtomicU64,
}

/// What can be said of a request without a slow hash.
#[derive(Debug)]
pub enum Recognised {
    /// A good pair.
    Known(Arc<User>),
    /// Certainly no good pair; nor is there a hash to wait for.
    Refused,
    /// To be verified.
    Unverified(Claim),
}

/// What a slow hash, or its queue, says of a claim.
#[derive(Debug)]
pub enum Verdict {
    /// A good pair, from now on recognised.
    Known(Arc<User>),
    /// No good pair.
    Refused,
    /// Too many other pairs wait, or it took too long: nothing is known, the sender may try again.
    Overloaded,
}

impl Authenticator {
    /// Takes over the credentials. Secrets that the file holds in the clear are known at once and
    /// forgotten but for their digests.
    ///
    /// # Panics
    ///
    /// If the kernel has no random bytes for the key of the digests.
    pub fn new(credentials: Credentials) -> Self {
        let known = KnownPairs::new(credentials.passwords());
        let mut hashes = Vec::new();
        for line in credentials.into_lines() {
            match line.secret {
                Secret::Bcrypt(hash) => hashes.push((line.user, hash)),
                Secret::Plain(secret) => {
                    let pair = Zeroizing::new(format!("{}:{}", line.user.name(), *secret));
                    known.insert(known.digest(pair.as_bytes()), &line.user);
                }
            }
        }
        let hashes = hashes.into_boxed_slice();
        Self {
            known,
            refusal_rounds: rounds_of_the_costliest_user(&hashes),
            hashes,
            queue: HashQueue::new(),
            rounds: AtomicU64::new(0),
        }
    }

    /// The quick half: reads the `Authorization` header (one, RFC 7617) and knows a known pair
    /// again. Does not block.
    pub fn recognise(&self, headers: &HeaderMap) -> Recognised {
        let Some(claim) = Claim::read(headers) else { return Recognised::Refused };
        match self.known.find(&self.known.digest(claim.pair())) {
            Some(user) => Recognised::Known(user),
            None if self.hashes.is_empty() => Recognised::Refused,
            None => Recognised::Unverified(claim),
        }
    }

    /// The slow half: hashes on another thread, in turn; at most a few seconds, wait included.
    ///
    /// A hash that was begun ends by itself and is remembered, also when the caller has gone.
    pub async fn verify(self: &Arc<Self>, claim: Claim) -> Verdict {
        let lane = self.known.digest(claim.user())[0];
        let pair = self.known.digest(claim.pair());
        let known = || self.known.find(&pair);
        let authenticator = Arc::clone(self);
        let hash = move || authenticator.hash(&claim, pair);
        match self.queue.take_turn(lane, pair, known, hash).await {
            Ok(Some(user)) => Verdict::Known(user),
            Ok(None) => Verdict::Refused,
            Err(Overloaded) => Verdict::Overloaded,
        }
    }

    /// The rounds of bcrypt's key schedule that claims have cost so far.
    pub fn rounds(&self) -> u64 {
        self.rounds.load(Ordering::Relaxed)
    }

    fn hash(&self, claim: &Claim, pair: Digest) -> Option<Arc<User>> {
        let mut left = self.refusal_rounds;
        for (user, hash) in &self.hashes {
            if user.name().as_bytes() != claim.user() {
                continue;
            }
            left -= hash.rounds();
            self.rounds.fetch_add(hash.rounds().into(), Ordering::Relaxed);
            if hash.matches(claim.password()) {
                self.known.insert(pair, user);
                return Some(Arc::clone(user));
            }
        }
        self.rounds.fetch_add(left.into(), Ordering::Relaxed);
        waste(left, claim.password());
        None
    }
}

fn rounds_of_the_costliest_user(hashes: &[(Arc<User>, BcryptHash)]) -> u32 {
    let mut rounds = HashMap::<&str, u32>::new();
    for (user, hash) in hashes {
        *rounds.entry(user.name()).or_default() += hash.rounds();
    }
    rounds.into_values().max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    use http::HeaderValue;
    use http::header::AUTHORIZATION;
    use tokio::task::{JoinSet, yield_now};

    use super::*;

    // Of cost 4, 16 rounds each; made with libxcrypt.
    const OLD: &str = "$2y$04$abcdefghijklmnopqrstuu3C6u2sQjFttrT16nmXgxlk/de0mfCmu";
    const NEW: &str = "$2y$04$ABCDEFGHIJKLMNOPQRSTUuEfshSKs1cM4QA/.q4TRRlHAUGwvFRm6";

    fn authenticator(file: &str) -> Arc<Authenticator> {
        Arc::new(Authenticator::new(Credentials::parse(file).unwrap()))
    }

    fn claiming(pair: &str) -> HeaderMap {
        let value = format!("Basic {}", BASE64_STANDARD.encode(pair));
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::try_from(value).unwrap())])
    }

    fn known(authenticator: &Authenticator, pair: &str) -> Option<Arc<User>> {
        match authenticator.recognise(&claiming(pair)) {
            Recognised::Known(user) => Some(user),
            Recognised::Refused | Recognised::Unverified(_) => None,
        }
    }

    fn unverified(authenticator: &Authenticator, pair: &str) -> Claim {
        let recognised = authenticator.recognise(&claiming(pair));
        let Recognised::Unverified(claim) = recognised else { panic!("{recognised:?}") };
        claim
    }

    fn post_at_once(
        authenticator: &Arc<Authenticator>,
        times: usize,
        pair: impl Fn(usize) -> String,
    ) -> JoinSet<Verdict> {
        let post = |post| {
            let claim = unverified(authenticator, &pair(post));
            let authenticator = Arc::clone(authenticator);
            async move { authenticator.verify(claim).await }
        };
        (0..times).map(post).collect()
    }

    async fn verify(authenticator: &Arc<Authenticator>, pair: &str) -> Option<Arc<User>> {
        match authenticator.verify(unverified(authenticator, pair)).await {
            Verdict::Known(user) => Some(user),
            Verdict::Refused => None,
            Verdict::Overloaded => panic!("nobody else is here"),
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
    async fn both_passwords_of_a_rotation_are_good_each_for_the_apps_of_its_line() {
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
            let recognised = authenticator.recognise(&claiming(pair));
            assert!(matches!(recognised, Recognised::Refused), "{pair}");
        }
        assert!(matches!(authenticator.recognise(&HeaderMap::new()), Recognised::Refused));
    }

    #[tokio::test]
    async fn a_good_pair_that_comes_thousands_of_times_at_once_is_hashed_once() {
        let authenticator = authenticator(&format!("test:{OLD}"));
        let posts = post_at_once(&authenticator, 4096, |_| "test:old".to_owned());
        let verdicts = posts.join_all().await;
        assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Known(_))));
        assert_eq!(authenticator.rounds(), 16);
    }

    #[tokio::test]
    async fn a_flood_of_wrong_passwords_is_overloaded_while_a_known_pair_stays_known() {
        let authenticator = authenticator(&format!("test:{OLD}\nknown:plain:secret"));
        let mut flood = post_at_once(&authenticator, 2000, |n| format!("test:wrong {n}"));
        while !matches!(flood.join_next().await.unwrap().unwrap(), Verdict::Overloaded) {}
        assert!(known(&authenticator, "known:secret").is_some());
    }

    #[tokio::test]
    async fn a_first_post_gets_in_beside_many_with_an_outdated_password() {
        let authenticator = authenticator(&format!("test:{NEW}"));
        let flood = post_at_once(&authenticator, 500, |_| "test:old".to_owned());
        yield_now().await;
        assert!(verify(&authenticator, "test:new").await.is_some());
        assert!(flood.join_all().await.iter().all(|verdict| matches!(verdict, Verdict::Refused)));
    }

    #[test]
    fn debug_shows_no_secret_and_no_hash() {
        let file = format!("test:{OLD}\ntest:plain:hidden");
        let credentials = Credentials::parse(&file).unwrap();
        let parsed = format!("{credentials:?}");
        let authenticator = Authenticator::new(credentials);
        let claim = authenticator.recognise(&claiming("me:hidden"));
        let shown = format!("{parsed}{authenticator:?}{claim:?}");
        assert!(!shown.contains("hidden") && !shown.contains("abcdefgh"), "{shown}");
    }
}
