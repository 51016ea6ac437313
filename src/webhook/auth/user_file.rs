//! One state of the credentials file, as requests are held against it.
//!
//! It never changes, but for what was seen of its users. It hashes nothing.

use crate::webhook::auth::bcrypt_hash::BcryptHash;
use crate::webhook::auth::credentials::User;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// See the module.
#[derive(Debug)]
pub(super) struct UserFile {
    /// Every user, and whether a password of over 72 bytes came with it.
    pub(super) users: HashMap<Arc<str>, AtomicBool>,
    /// Every live password, in the order of the file.
    pub(super) passwords: Box<[Password]>,
    /// What every refusal costs: the sum over the hashes of the costliest user.
    pub(super) refusal_rounds: u32,
}

/// A live password.
#[derive(Debug)]
pub(super) struct Password {
    pub(super) user: Arc<User>,
    /// None where the file holds it in the clear.
    pub(super) hash: Option<BcryptHash>,
}

impl Password {
    /// What tells it from all others, whatever apps it is bound to, and its user. None of one that the
    /// file holds in the clear, which is told by its digest.
    pub(super) fn line(&self) -> Option<((&str, &BcryptHash), &Arc<User>)> {
        Some(((self.user.name(), self.hash.as_ref()?), &self.user))
    }
}

impl UserFile {
    pub(super) fn new(passwords: Vec<Password>) -> Self {
        let names = passwords.iter().map(|password| password.user.shared_name());
        let users = names.map(|name| (name, AtomicBool::new(false))).collect();
        let refusal_rounds = rounds_of_the_costliest_user(&passwords);
        Self { users, passwords: passwords.into(), refusal_rounds }
    }

    /// The name of a user of the file. What is no user's name may be a password, typed into the wrong
    /// field, and belongs in no log.
    pub(super) fn named(&self, presented: &[u8]) -> Option<(&Arc<str>, &AtomicBool)> {
        self.users.get_key_value(str::from_utf8(presented).ok()?)
    }

    /// The line with the same user and the same hash.
    pub(super) fn same(&self, password: &Password) -> Option<&Password> {
        let (line, _) = password.line()?;
        self.passwords.iter().find(|other| other.line().is_some_and(|(other, _)| other == line))
    }
}

fn rounds_of_the_costliest_user(passwords: &[Password]) -> u32 {
    let mut rounds = HashMap::<&str, u32>::new();
    for Password { user, hash } in passwords {
        *rounds.entry(user.name()).or_default() += hash.as_ref().map_or(0, BcryptHash::rounds);
    }
    rounds.into_values().max().unwrap_or(0)
}
