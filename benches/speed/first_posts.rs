//! The first posts of many users at once, whose passwords are all to be hashed: `--first-posts N`.

use crate::lineup::Lineup;
use crate::row::Travel;
use crate::subject::Subject;
use std::io;
use std::time::Duration;
use testkit::load::Load;
use testkit::load::posts::Posts;
use testkit::load::schedule::Pace;

/// The most of them: they are in the credentials of each bridge, beside the user of all other posts.
pub(crate) const USERS: usize = 50;

/// All post within it, and a hash takes longer.
const AT_ONCE: Duration = Duration::from_millis(10);

/// Shows when each bridge has answered the first and the last of them.
pub(crate) fn first_posts(lineup: &Lineup, users: usize) -> io::Result<()> {
    println!("\nfirst posts of {users} users at once, bcrypt of cost 10");
    for bridge in lineup.subjects.iter().filter(|subject| subject.is_bridge()) {
        println!("{}: {}", bridge.label(), of(bridge, users)?);
    }
    Ok(())
}

fn of(bridge: &Subject, users: usize) -> io::Result<String> {
    let way = bridge.way(Travel::Kept);
    let tally = Load::by(&way, users, Posts::by_users(users))?.run(Pace::Closed, AT_ONCE);
    if let Some(why) = tally.first_failure {
        return Err(io::Error::other(why));
    }
    let ms = |nanos: Option<&u32>| nanos.map_or(f64::NAN, |nanos| f64::from(*nanos) / 1e6);
    let (first, last) = (tally.latencies.iter().min(), tally.latencies.iter().max());
    let answered = tally.answered();
    Ok(format!("{answered} answered 200, in {:.0} to {:.0} ms", ms(first), ms(last)))
}
