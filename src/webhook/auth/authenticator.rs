//! HTTP Basic authentication (RFC 7617): is this request from a user of the credentials file?
//!
//! A good pair costs its slow hash once in the life of a process; afterwards its digest is known.
//! So the question comes in two halves: [`Authenticator::look_up`] is quick and runs on the
//! event loop, [`Authenticator::verify`] hashes, on another thread and in turn.
//!
//! Promise:
//! - A known pair does not wait for the hashing of others, nor for a place in a queue.
//! - Any number of connections that present the same pair at once wait for one hash.
//! - A flood of wrong passwords is bounded in work at a time, in pairs that wait, and in the wait;
//!   a good pair that is not known yet gets in beside it, as the queue says.
//! - A refusal says nothing but "no". Unknown user, wrong password, one password or two: all cost
//!   the same rounds of hashing, those of the costliest user in the file. What can still be seen
//!   is that sum, whether it is nothing at all (a file without bcrypt), and by some microseconds
//!   into how many hashes it is divided.
//!
//! - A reload is whole: each request is held against one state of the file. Whom the new one no longer
//!   names is refused from the next request on, also where a hash is under way; a pair whose line has
//!   stayed is known on.
//!
//! It does not answer requests, and does not count or log: that is the ingest's. It does not read
//! the file.

use crate::webhook::auth::basic_auth::{Authorization, BasicAuth};
use crate::webhook::auth::bcrypt_hash::waste;
use crate::webhook::auth::credentials::{CredentialLine, Credentials, Secret, User};
use crate::webhook::auth::hash_queue::{Asker, HashQueue, Overloaded};
use crate::webhook::auth::user_file::{Password, UserFile};
use crate::webhook::auth::verified_pairs::{Digest, VerifiedPairs};
use http::HeaderMap;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Instant, SystemTime};
use zeroize::Zeroizing;

/// Checks requests against the credentials file. Shared by `Arc`.
#[derive(Debug)]
pub struct Authenticator {
    /// Locked for writing by a reload alone, and then before `known` is.
    file: RwLock<Arc<UserFile>>,
    known: VerifiedPairs,
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
        let authenticator = Self {
            file: RwLock::new(Arc::new(UserFile::new(Vec::new()))),
            known: VerifiedPairs::new(),
            queue: HashQueue::new(),
            rounds: AtomicU64::new(0),
        };
        authenticator.replace(credentials);
        authenticator
    }

    /// Puts a new state of the file in the place of the old one. Look-ups wait only while the known
    /// pairs are copied. It is for one caller at a time.
    pub fn replace(&self, credentials: Credentials) {
        let (mut passwords, mut plain) = (Vec::new(), Vec::new());
        for CredentialLine { user, secret } in credentials.into_lines() {
            let hash = match secret {
                Secret::Bcrypt(hash) => Some(hash),
                Secret::Plain(secret) => {
                    let pair = Zeroizing::new(format!("{}:{}", user.name(), *secret));
                    plain.push((self.known.digest(pair.as_bytes()), Arc::clone(&user)));
                    None
                }
            };
            passwords.push(Password { user, hash });
        }
        let (old, new) = (Arc::clone(&self.file()), Arc::new(UserFile::new(passwords)));
        for (pair, user) in &plain {
            if let Some(before) = self.known.find(pair) {
                user.carry_on(&before);
            }
        }
        let lines: HashMap<_, _> = new.passwords.iter().filter_map(Password::line).collect();
        let mut successors = HashMap::new();
        for (line, user) in old.passwords.iter().filter_map(Password::line) {
            if let Some(successor) = lines.get(&line) {
                successor.carry_on(user);
                successors.insert(Arc::as_ptr(user), Arc::clone(successor));
            }
        }
        let mut file = self.file.write().unwrap_or_else(PoisonError::into_inner);
        self.known.replace(plain, |user| successors.get(&Arc::as_ptr(user)).map(Arc::clone));
        *file = new;
    }

    fn file(&self) -> RwLockReadGuard<'_, Arc<UserFile>> {
        // Nothing that is done under the lock panics half way.
        self.file.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The quick half: reads the `Authorization` header (one, RFC 7617) and knows a known pair
    /// again. Does not block.
    pub fn look_up(&self, headers: &HeaderMap) -> CacheLookup {
        let basic_auth = match BasicAuth::read(headers) {
            Authorization::Pair(basic_auth) => basic_auth,
            Authorization::LongPassword(presented) => {
                let file = self.file();
                let named = file.named(presented.user());
                if let Some((_, seen)) = named {
                    seen.store(true, Ordering::Relaxed);
                }
                return CacheLookup::LongPassword { user: named.map(|(user, _)| Arc::clone(user)) };
            }
            Authorization::Nothing => return CacheLookup::Refused { user: None },
        };
        let pair = self.known.digest(basic_auth.pair());
        if let Some(user) = self.known.find(&pair) {
            user.was_used();
            return CacheLookup::Known(user);
        }
        let file = self.file();
        // Under the lock once more: the file that made the pair known may have come in between.
        if let Some(user) = self.known.find(&pair) {
            user.was_used();
            return CacheLookup::Known(user);
        }
        let user = file.named(basic_auth.user()).map(|(user, _)| Arc::clone(user));
        if file.refusal_rounds == 0 {
            CacheLookup::Refused { user }
        } else {
            CacheLookup::Unverified { basic_auth, user }
        }
    }

    /// The users of the file with whom a password of over 72 bytes has come. Asked by who has time to
    /// log it: said on the way of a post, it would show a stranger by the time it takes who exists.
    pub fn users_with_long_passwords(&self) -> Vec<Arc<str>> {
        let file = self.file();
        let seen = file.users.iter().filter(|(_, seen)| seen.load(Ordering::Relaxed));
        seen.map(|(user, _)| Arc::clone(user)).collect()
    }

    /// Every live password, in the order of the file: its user, its number among those of the user,
    /// from 1 on, and when a post last came with it.
    pub fn last_uses(&self) -> Vec<(Arc<str>, u64, Option<SystemTime>)> {
        let (file, mut ordinals) = (Arc::clone(&self.file()), HashMap::<_, u64>::new());
        let use_of = |Password { user, .. }: &Password| {
            let ordinal = ordinals.entry(user.shared_name()).or_default();
            *ordinal += 1;
            (user.shared_name(), *ordinal, user.last_used())
        };
        file.passwords.iter().map(use_of).collect()
    }

    /// The slow half: hashes on another thread, in turn, for a request from `peer` that names a
    /// `user` of the file or another; until `deadline` at most.
    ///
    /// A hash that was begun ends by itself and is remembered, also when the caller has gone.
    pub async fn verify(
        self: &Arc<Self>,
        basic_auth: BasicAuth,
        user: Option<Arc<str>>,
        peer: IpAddr,
        deadline: Instant,
    ) -> Decision {
        let pair = self.known.digest(basic_auth.pair());
        let known = || self.known.find(&pair);
        let authenticator = Arc::clone(self);
        let hash = move || authenticator.hash(&basic_auth, pair);
        let asker = Asker { user, peer, pair, deadline: deadline.into() };
        match self.queue.hash_in_turn(asker, known, hash).await {
            Ok(Some(user)) => Decision::Known(user),
            Ok(None) => Decision::Refused,
            Err(Overloaded) => Decision::Overloaded,
        }
    }

    /// The rounds of bcrypt's key schedule that pairs have cost so far.
    pub fn rounds(&self) -> u64 {
        self.rounds.load(Ordering::Relaxed)
    }

    /// Whose pair it is, in the state of the file that is in force when the hash ends.
    fn hash(&self, basic_auth: &BasicAuth, pair: Digest) -> Option<Arc<User>> {
        let mut file = Arc::clone(&self.file());
        loop {
            let found = self.hash_against(&file, basic_auth);
            match self.conclude(&file, found, pair) {
                Ok(user) => return user,
                Err(other) => file = other,
            }
        }
    }

    fn hash_against<'f>(&self, file: &'f UserFile, basic_auth: &BasicAuth) -> Option<&'f Password> {
        let mut left = file.refusal_rounds;
        for password in &file.passwords {
            let (user, Some(hash)) = (&password.user, &password.hash) else { continue };
            if user.name().as_bytes() != basic_auth.user() {
                continue;
            }
            left -= hash.rounds();
            self.rounds.fetch_add(hash.rounds().into(), Ordering::Relaxed);
            if hash.matches(basic_auth.password()) {
                return Some(password);
            }
        }
        self.rounds.fetch_add(left.into(), Ordering::Relaxed);
        waste(left, basic_auth.password());
        None
    }

    /// What was found in `file` says of the pair; another state of the file that is in force by now, if
    /// it says nothing of that.
    fn conclude(
        &self,
        file: &Arc<UserFile>,
        found: Option<&Password>,
        pair: Digest,
    ) -> Result<Option<Arc<User>>, Arc<UserFile>> {
        // The file is not replaced while this is remembered.
        let now = self.file();
        if let Some(Password { user, .. }) = found.and_then(|password| now.same(password)) {
            self.known.insert(pair, user);
            user.was_used();
            return Ok(Some(Arc::clone(user)));
        }
        if Arc::ptr_eq(&now, file) {
            return Ok(None);
        }
        self.known.find(&pair).map_or_else(|| Err(Arc::clone(&now)), |user| Ok(Some(user)))
    }
}

#[cfg(test)]
mod tests;
