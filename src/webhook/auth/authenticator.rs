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
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use http::HeaderMap;
use zeroize::Zeroizing;

use crate::webhook::auth::basic_auth::{Claim, Claimed};
use crate::webhook::auth::bcrypt_hash::{BcryptHash, waste};
use crate::webhook::auth::credentials::{Credentials, Secret, User};
use crate::webhook::auth::hash_queue::{HashQueue, Overloaded};
use crate::webhook::auth::verified_pairs::{Digest, KnownPairs};

/// Checks requests against one state of the credentials file. Shared by `Arc`; a reload replaces
/// it whole.
#[derive(Debug)]
pub struct Authenticator {
    /// Every user of the file, and whether a password of over 72 bytes came with it.
    users: HashMap<Arc<str>, AtomicBool>,
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
    Refused {
        /// The user that is claimed, if it is in the file.
        user: Option<Arc<str>>,
    },
    /// Certainly no good pair, and perhaps the right password: it is longer than bcrypt's 72 bytes.
    LongPassword {
        /// The user that is claimed, if it is in the file.
        user: Option<Arc<str>>,
    },
    /// To be verified.
    Unverified {
        /// What is claimed.
        claim: Claim,
        /// The user of it, if it is in the file.
        user: Option<Arc<str>>,
    },
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
        let (mut users, mut hashes) = (HashMap::new(), Vec::new());
        for line in credentials.into_lines() {
            users.insert(line.user.shared_name(), AtomicBool::new(false));
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
            users,
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
        let claim = match Claim::read(headers) {
            Claimed::Pair(claim) => claim,
            Claimed::LongPassword(claimed) => {
                let user = self.named(claimed.user());
                let seen = user.as_deref().and_then(|user| self.users.get(user));
                if let Some(seen) = seen {
                    seen.store(true, Ordering::Relaxed);
                }
                return Recognised::LongPassword { user };
            }
            Claimed::Nothing => return Recognised::Refused { user: None },
        };
        if let Some(user) = self.known.find(&self.known.digest(claim.pair())) {
            return Recognised::Known(user);
        }
        let user = self.named(claim.user());
        if self.hashes.is_empty() {
            Recognised::Refused { user }
        } else {
            Recognised::Unverified { claim, user }
        }
    }

    /// The name of a user of the file. What is no user's name may be a password, typed into the wrong
    /// field, and belongs in no log.
    fn named(&self, claimed: &[u8]) -> Option<Arc<str>> {
        let (user, _) = self.users.get_key_value(str::from_utf8(claimed).ok()?)?;
        Some(Arc::clone(user))
    }

    /// The users of the file with whom a password of over 72 bytes has come. Asked by who has time to
    /// tell it: said on the way of a post, it would tell a stranger by the time it takes who exists.
    pub fn users_with_long_passwords(&self) -> impl Iterator<Item = &Arc<str>> {
        let seen = |(_, seen): &(_, &AtomicBool)| seen.load(Ordering::Relaxed);
        self.users.iter().filter(seen).map(|(user, _)| user)
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
mod tests;
