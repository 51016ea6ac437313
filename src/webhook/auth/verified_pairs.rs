//! The pairs of user and password that are known to be good, by keyed digest.
//!
//! Promise: knowing a pair again takes a microsecond and no slow hash; no password is kept, nor
//! anything from which one could be tried out without the key, which is random and never leaves
//! the process; never more pairs than the credentials file has lines, since a password has one pair.
//!
//! It does not find out what is good, and does not remember what is not: a flood of wrong passwords
//! leaves nothing behind.

use crate::webhook::auth::credentials::User;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use zeroize::Zeroizing;

/// HMAC-SHA256 (RFC 2104) under the key of this process.
pub(crate) type Digest = [u8; 32];

/// The digests of good pairs, each with its user.
pub(crate) struct VerifiedPairs {
    /// Has taken in the key already, so that a digest costs two blocks of SHA-256 instead of four.
    key: Hmac<Sha256>,
    /// A lookup in a table takes a time that depends on the digest, which says nothing: without
    /// the key nobody can know, or steer, which digest a pair has.
    users: RwLock<HashMap<Digest, Arc<User>>>,
}

impl VerifiedPairs {
    /// No pair yet.
    pub(crate) fn new() -> Self {
        let mut key = Zeroizing::new(Digest::default());
        getrandom::fill(&mut *key).expect("the kernel gives random bytes to every process");
        let key = Hmac::new_from_slice(&*key).expect("HMAC takes a key of any length");
        Self { key, users: RwLock::default() }
    }

    /// The digest of some bytes under the key of this process.
    pub(crate) fn digest(&self, bytes: &[u8]) -> Digest {
        self.key.clone().chain_update(bytes).finalize().into_bytes().into()
    }

    /// The user whose pair has this digest.
    pub(crate) fn find(&self, pair: &Digest) -> Option<Arc<User>> {
        // A thread that panicked cannot have left a map half written.
        self.users.read().unwrap_or_else(PoisonError::into_inner).get(pair).cloned()
    }

    /// Remembers a good pair. A pair that is known already keeps its user: where two lines of the
    /// file hold the same pair, the first one that was found good counts.
    pub(crate) fn insert(&self, pair: Digest, user: &Arc<User>) {
        let mut users = self.users.write().unwrap_or_else(PoisonError::into_inner);
        users.entry(pair).or_insert_with(|| Arc::clone(user));
    }

    /// Lets each pair that is known belong to whom `user_of` says, if to anybody, and adds `more`.
    pub(crate) fn replace(
        &self,
        more: Vec<(Digest, Arc<User>)>,
        user_of: impl Fn(&Arc<User>) -> Option<Arc<User>>,
    ) {
        let mut users = self.users.write().unwrap_or_else(PoisonError::into_inner);
        let kept = users.iter().filter_map(|(pair, user)| Some((*pair, user_of(user)?)));
        let mut new: HashMap<_, _> = kept.collect();
        for (pair, user) in more {
            new.entry(pair).or_insert(user);
        }
        *users = new;
    }
}

impl fmt::Debug for VerifiedPairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedPairs").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::auth::credentials::Credentials;

    fn users() -> [Arc<User>; 2] {
        let lines = Credentials::parse("a:plain:x\nb:plain:y").unwrap().into_lines();
        [Arc::clone(&lines[0].user), Arc::clone(&lines[1].user)]
    }

    #[test]
    fn a_digest_holds_under_its_own_key_alone() {
        let [one, other] = [VerifiedPairs::new(), VerifiedPairs::new()];
        assert_eq!(one.digest(b"a:x"), one.digest(b"a:x"));
        assert_ne!(one.digest(b"a:x"), one.digest(b"a:y"));
        assert_ne!(one.digest(b"a:x"), other.digest(b"a:x"));
    }

    #[test]
    fn the_first_user_of_a_pair_stays() {
        let [a, b] = users();
        let known = VerifiedPairs::new();
        let pair = known.digest(b"a:x");
        known.insert(pair, &a);
        known.insert(pair, &b);
        assert_eq!(known.find(&pair).unwrap().name(), "a");
    }

    #[test]
    fn a_pair_stays_known_for_whom_it_is_said_to_belong_to() {
        let [a, b] = users();
        let known = VerifiedPairs::new();
        let [first, second] = [known.digest(b"a:x"), known.digest(b"b:y")];
        known.insert(first, &a);
        known.replace(vec![(second, Arc::clone(&b))], |_| None);
        assert!(known.find(&first).is_none());
        known.replace(Vec::new(), |_| Some(Arc::clone(&a)));
        assert!(Arc::ptr_eq(&known.find(&second).unwrap(), &a));
    }
}
