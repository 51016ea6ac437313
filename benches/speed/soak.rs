//! Many posts, one bridge: is its memory at the end where it was?

use std::io;
use std::time::Duration;

use crate::load::Load;
use crate::posts::Posts;
use crate::report::Soak;
use crate::schedule::Pace;
use crate::subject::Subject;
use crate::usage::Usage;

/// As many as a busy bridge has.
const CONNECTIONS: usize = 256;

/// Between two looks at the count; the first such stretch comes before the memory is read, so that
/// what grows once has grown.
const STRETCH: Duration = Duration::from_secs(1);

/// Posts to the bridge until `posts` were answered. Fails with what went wrong first.
pub(crate) fn soak(bridge: &Subject, app_ids: usize, posts: u64) -> io::Result<Soak> {
    let mut load = Load::connect(bridge.addr(), CONNECTIONS, Posts::new(app_ids))?;
    let mut stretch = || {
        let tally = load.run(Pace::Closed, STRETCH);
        let answered = tally.answered();
        tally.first_failure.map_or(Ok(answered), |why| Err(io::Error::other(why)))
    };
    let rss = || Usage::of(bridge.pid()).rss_mb();
    stretch()?;
    let (rss_mb_before, mut answered) = (rss(), 0);
    while answered < posts {
        answered += stretch()?;
    }
    Ok(Soak { posts: answered, rss_mb_before, rss_mb_after: rss() })
}
