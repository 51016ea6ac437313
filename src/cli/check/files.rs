//! The files that flags name: who may read them, the users and their hashes, the certificate.

use crate::args::serve::ServeArgs;
use crate::cli::check::finding::{Finding, Subject};
use crate::config::review::Review;
use crate::config::tls::Shown;
use crate::webhook::auth::credentials::{Credentials, Secret};
use std::fs::{self, Metadata};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// The right of everybody to read a file.
const OTHERS_READ: u32 = 0o004;
/// The cost that `hookbridge credential` writes, as a number of rounds: with less, a stolen file is
/// read sooner.
const USUAL_ROUNDS: u32 = 1 << 10;
/// As the alert for a certificate that ends.
const SOON: Duration = Duration::from_secs(14 * 86400);

/// What there is to say of them.
pub(super) fn findings(args: &ServeArgs, review: &Review) -> Vec<Finding> {
    let mut findings = Vec::new();
    let secrets = [
        (Subject::Access, &args.credentials),
        (Subject::Brokers, &args.kafka.kafka_config),
        (Subject::Tls, &args.tls_key),
    ];
    for (subject, file) in secrets {
        findings.extend(file.as_deref().and_then(|file| rights(subject, file)));
    }
    if let Some(credentials) = &review.credentials {
        users(credentials, &mut findings);
    }
    if args.no_auth {
        let says = "--no-auth takes posts from anybody";
        let mend = "let only what checks who posts reach the port, or give --credentials";
        findings.push(Finding::warns(Subject::Access, says, mend));
    }
    findings.extend(review.certificate.as_ref().map(|shown| certificate(shown, SystemTime::now())));
    findings
}

/// Where everybody can read it. What is no file, such as a folder that was named in its place, is no
/// secret: the flag that names it fails.
fn rights(subject: Subject, file: &Path) -> Option<Finding> {
    let metadata = fs::metadata(file).ok().filter(Metadata::is_file)?;
    let mode = metadata.permissions().mode();
    let file = file.display();
    (mode & OTHERS_READ != 0).then(|| {
        let says = format!("{file}: every user of this machine can read the secrets in it");
        Finding::warns(subject, says, format!("chmod o-r {file}"))
    })
}

fn users(credentials: &Credentials, findings: &mut Vec<Finding>) {
    let (users, passwords) = (credentials.users(), credentials.passwords());
    let says = format!("--credentials has {users} user(s) with {passwords} password(s)");
    findings.push(Finding::holds(Subject::Access, says));
    let example: Vec<_> = credentials.users_of_the_example().collect();
    for line in credentials.lines() {
        let user = line.user.name();
        let anew = format!("write the line anew: hookbridge credential {user}");
        let says = match &line.secret {
            Secret::Plain(_) if example.contains(&user) => {
                format!("{user}: the password is the shipped example's, which everybody knows")
            }
            Secret::Plain(_) => format!("{user}: the password is there in clear"),
            Secret::Bcrypt(hash) if hash.rounds() < USUAL_ROUNDS => {
                let cost = hash.rounds().ilog2();
                format!("{user}: the hash has a cost of {cost}, and 10 is usual")
            }
            Secret::Bcrypt(_) => continue,
        };
        findings.push(Finding::warns(Subject::Access, says, anew));
    }
}

fn certificate(Shown { validity, hosts }: &Shown, now: SystemTime) -> Finding {
    let left = validity.not_after.duration_since(now).unwrap_or_default();
    let days = left.as_secs() / 86400;
    let mend = "have it renewed, and put certificate and key in their places";
    if !(validity.not_before..=validity.not_after).contains(&now) {
        let says =
            format!("the certificate for {} is over, or does not hold yet", hosts.join(", "));
        return Finding::fails(Subject::Tls, says, mend);
    }
    let hosts = hosts.join(", ");
    let says = format!("the certificate is for {hosts}, and holds for {days} more days");
    if hosts.is_empty() {
        let says = "the certificate names no host: senders that look refuse it";
        return Finding::warns(Subject::Tls, says, "have it made with the host in subjectAltName");
    }
    if left < SOON {
        return Finding::warns(Subject::Tls, says, mend);
    }
    Finding::holds(Subject::Tls, says + "; the key is its own")
}
