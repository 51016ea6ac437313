//! Many posts, one bridge: is its memory at the end where it was?

use std::io;
use std::time::Duration;

use testkit::load::Load;
use testkit::load::posts::Posts;
use testkit::load::schedule::Pace;

use crate::report::Soak;
use crate::subject::Subject;
use crate::usage::Usage;

/// As many as a busy bridge has.
const CONNECTIONS: usize = 256;

/// Between two looks at the count; the first such stretch comes before the memory is read, so that
/// what grows once has grown.
const STRETCH: Duration = Duration::from_secs(1);

/// Posts to the bridge until `posts` were answered, or one was not answered 200.
pub(crate) fn soak(bridge: &Subject, app_ids: usize, posts: u64) -> io::Result<Soak> {
    let mut load = Load::connect(bridge.addr(), CONNECTIONS, Posts::new(app_ids))?;
    let rss = || Usage::of(bridge.pid()).rss_mb();
    let mut first_failure = load.run(Pace::Closed, STRETCH).first_failure;
    let (rss_mb_before, mut answered) = (rss(), 0);
    while answered < posts && first_failure.is_none() {
        let tally = load.run(Pace::Closed, STRETCH);
        answered += tally.answered();
        first_failure = tally.first_failure;
    }
    Ok(Soak { posts: answered, rss_mb_before, rss_mb_after: rss(), first_failure })
}
