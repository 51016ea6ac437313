//! HTTP Basic authentication (RFC 7617): is this request from a user of the credentials file?
//!
//! A good pair costs its slow hash once in the life of a process; afterwards its digest is known.
//! So the question comes in two halves: [`Authenticator::look_up`] is quick and runs on the
//! event loop, [`Authenticator::verify`] hashes, on another thread and in turn.
//!
//! Promises:
//! - A known pair does not wait for the hashing of others, nor for a place in a queue.
//! - Any number of connections that present the same pair at once wait for one hash.
//! - A flood of wrong passwords is bounded in work at a time, in pairs that wait, and in the wait;
//!   see the queue for what it means for pairs that are not known yet.
//! - A refusal tells nothing but "no". Unknown user, wrong password, one password or two: all cost
//!   the same rounds of hashing, those of the costliest user in the file. What can still be seen
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

use crate::webhook::auth::basic_auth::{Authorization, BasicAuth};
use crate::webhook::auth::bcrypt_hash::{BcryptHash, waste};
use crate::webhook::auth::credentials::{Credentials, Secret, User};
use crate::webhook::auth::hash_queue::{HashQueue, Overloaded};
use crate::webhook::auth::verified_pairs::{Digest, VerifiedPairs};

/// Checks requests against one state of the credentials file. Shared by `Arc`; a reload replaces
/// it whole.
#[derive(Debug)]
pub struct Authenticator {
    /// Every user of the file, and whether a password of over 72 bytes came with it.
    users: HashMap<Arc<str>, AtomicBool>,
    known: VerifiedPairs,
    hashes: Box<[(Arc<User>, BcryptHash)]>,
    /// What every refusal costs: the sum over the hashes of the costliest user.
    refusal_rounds: u32,
    queue: HashQueue,
    rounds: AtomicU64,
}

/// What can be said of a request without a slow hash.
#[derive(Debug)]
pub enum CacheLookup {
    /// A good pair.
    Known(Arc<User>),
    /// Certainly no good pair; nor is there a hash to wait for.
    Refused {
        /// The user, if the file names it.
        user: Option<Arc<str>>,
    },
    /// Certainly no good pair, and perhaps the right password: it is longer than bcrypt's 72 bytes.
    LongPassword {
        /// The user, if the file names it.
        user: Option<Arc<str>>,
    },
    /// To be verified.
    Unverified {
        /// The user and the password as they came.
        basic_auth: BasicAuth,
        /// The user of it, if it is in the file.
        user: Option<Arc<str>>,
    },
}

/// What a slow hash, or its queue, says of a pair.
#[derive(Debug)]
pub enum Decision {
    /// A good pair, found without a hash from now on.
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
        let known = VerifiedPairs::new(credentials.passwords());
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
    pub fn look_up(&self, headers: &HeaderMap) -> CacheLookup {
        let basic_auth = match BasicAuth::read(headers) {
            Authorization::Pair(basic_auth) => basic_auth,
            Authorization::LongPassword(presented) => {
                let user = self.named(presented.user());
                let seen = user.as_deref().and_then(|user| self.users.get(user));
                if let Some(seen) = seen {
                    seen.store(true, Ordering::Relaxed);
                }
                return CacheLookup::LongPassword { user };
            }
            Authorization::Nothing => return CacheLookup::Refused { user: None },
        };
        if let Some(user) = self.known.find(&self.known.digest(basic_auth.pair())) {
            return CacheLookup::Known(user);
        }
        let user = self.named(basic_auth.user());
        if self.hashes.is_empty() {
            CacheLookup::Refused { user }
        } else {
            CacheLookup::Unverified { basic_auth, user }
        }
    }

    /// The name of a user of the file. What is no user's name may be a password, typed into the wrong
    /// field, and belongs in no log.
    fn named(&self, presented: &[u8]) -> Option<Arc<str>> {
        let (user, _) = self.users.get_key_value(str::from_utf8(presented).ok()?)?;
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
    pub async fn verify(self: &Arc<Self>, basic_auth: BasicAuth) -> Decision {
        let flow = self.known.digest(basic_auth.user())[0];
        let pair = self.known.digest(basic_auth.pair());
        let known = || self.known.find(&pair);
        let authenticator = Arc::clone(self);
        let hash = move || authenticator.hash(&basic_auth, pair);
        match self.queue.hash_in_turn(flow, pair, known, hash).await {
            Ok(Some(user)) => Decision::Known(user),
            Ok(None) => Decision::Refused,
            Err(Overloaded) => Decision::Overloaded,
        }
    }

    /// The rounds of bcrypt's key schedule that pairs have cost so far.
    pub fn rounds(&self) -> u64 {
        self.rounds.load(Ordering::Relaxed)
    }

    fn hash(&self, basic_auth: &BasicAuth, pair: Digest) -> Option<Arc<User>> {
        let mut left = self.refusal_rounds;
        for (user, hash) in &self.hashes {
            if user.name().as_bytes() != basic_auth.user() {
                continue;
            }
            left -= hash.rounds();
            self.rounds.fetch_add(hash.rounds().into(), Ordering::Relaxed);
            if hash.matches(basic_auth.password()) {
                self.known.insert(pair, user);
                return Some(Arc::clone(user));
            }
        }
        self.rounds.fetch_add(left.into(), Ordering::Relaxed);
        waste(left, basic_auth.password());
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
