//! Who makes room, and for whom.

use super::*;
use crate::webhook::http::connection_phase::Rest;
use std::net::Ipv4Addr;

fn crowd(makes_room: MakesRoom) -> Arc<Crowd> {
    Arc::new(Crowd::new("webhook", 8, makes_room, ConnectionSeries::default()))
}

fn join(crowd: &Arc<Crowd>) -> Member {
    crowd.join(Ipv4Addr::LOCALHOST.into(), None)
}

fn asked(members: &[&Member]) -> Vec<bool> {
    members.iter().map(|member| member.phase.look().asked == Asked::ForRoom).collect()
}

fn answer(member: &Member, sender: Sender) {
    member.phase.head_is_whole();
    member.phase.end(sender, Rest::Read);
}

#[test]
fn silent_ones_go_first_then_half_heads_then_known_senders() {
    let crowd = crowd(MakesRoom::Idle);
    let [known, refused, half, silent, busy] = [(); 5].map(|()| join(&crowd));
    answer(&known, Sender::Known);
    answer(&refused, Sender::Stranger);
    half.phase.hear();
    busy.phase.head_is_whole();
    let members = [&silent, &half, &refused, &known, &busy];
    let later = Instant::now() + HALF;

    for most in 0..members.len() {
        let expected: Vec<_> = (0..members.len()).map(|nth| nth < most).collect();
        assert_eq!(asked(&members), expected);
        assert_eq!(crowd.make_room(later), NEXT);
    }
    assert_eq!(asked(&members), [true, true, true, true, false], "nobody else can go");
}

#[test]
fn half_a_head_makes_room_when_it_is_old() {
    let crowd = crowd(MakesRoom::Idle);
    let half = join(&crowd);
    half.phase.hear();

    crowd.make_room(Instant::now() + HALF / 2);
    assert_eq!(asked(&[&half]), [false]);
    crowd.make_room(Instant::now() + HALF);
    assert_eq!(asked(&[&half]), [true]);
}

#[test]
fn known_senders_stay_while_strangers_have_most_places() {
    let crowd = crowd(MakesRoom::Idle);
    let known = join(&crowd);
    answer(&known, Sender::Known);
    std::thread::sleep(QUIET);
    let strangers = [(); 2].map(|()| join(&crowd));

    let pause = crowd.make_room(Instant::now());
    assert_eq!(asked(&[&known]), [false]);
    assert!(Duration::ZERO < pause && pause <= NEXT, "{pause:?}");

    drop(strangers);
    crowd.make_room(Instant::now());
    assert_eq!(asked(&[&known]), [true]);
}

#[test]
fn a_new_connection_may_have_a_post_coming_and_is_not_asked() {
    let crowd = crowd(MakesRoom::Idle);
    let new = join(&crowd);

    let pause = crowd.make_room(Instant::now());

    assert_eq!(asked(&[&new]), [false]);
    assert!(Duration::ZERO < pause && pause <= QUIET, "{pause:?}");
}

#[test]
fn half_a_head_makes_room_where_clients_ask_again() {
    let crowd = crowd(MakesRoom::Unanswered);
    let [half, busy] = [(); 2].map(|()| join(&crowd));
    half.phase.hear();
    busy.phase.hear();
    busy.phase.head_is_whole();

    crowd.make_room(Instant::now());

    assert_eq!(asked(&[&half, &busy]), [true, false]);
}

#[test]
fn an_asked_connection_with_a_post_stays_and_is_not_counted() {
    let crowd = crowd(MakesRoom::Idle);
    let [stays, goes] = [(); 2].map(|()| join(&crowd));
    let later = Instant::now() + QUIET;
    crowd.make_room(later);
    crowd.make_room(later);
    assert_eq!(asked(&[&stays, &goes]), [true, true]);

    stays.phase.hear();
    drop((stays, goes));

    assert_eq!(crowd.series.displaced.get(), 1);
    assert!(crowd.open.lock().is_empty());
}

#[test]
fn strangers_are_found_together_and_each_is_asked_in_its_turn() {
    let crowd = crowd(MakesRoom::Idle);
    let members: Vec<_> = (0..FOUND + 2).map(|_| join(&crowd)).collect();
    let later = Instant::now() + QUIET;
    crowd.make_room(later);
    assert_eq!(crowd.found.lock().next.len(), FOUND - 1);

    members[1].phase.hear();
    for _ in 0..FOUND {
        assert_eq!(crowd.make_room(later), NEXT);
    }

    let members: Vec<_> = members.iter().collect();
    let stays = asked(&members).iter().position(|asked| !asked);
    assert_eq!(stays, Some(1), "it has a post now");
    assert_eq!(asked(&members).iter().filter(|asked| **asked).count(), FOUND + 1);
}

#[test]
fn one_that_was_found_and_has_left_is_passed_over() {
    let crowd = crowd(MakesRoom::Idle);
    let [first, left, next] = [(); 3].map(|()| join(&crowd));
    let later = Instant::now() + QUIET;
    crowd.make_room(later);
    drop(left);

    crowd.make_room(later);

    assert_eq!(asked(&[&first, &next]), [true, true]);
}
