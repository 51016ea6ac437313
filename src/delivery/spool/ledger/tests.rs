use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn empty() -> Ledger {
    Ledger::new(State { floor: 1, ..State::default() }, []).unwrap()
}

fn with_rows(rows: i64) -> Ledger {
    let mut ledger = empty();
    for _ in 0..rows {
        ledger.append(10);
    }
    ledger
}

fn waiting(ledger: &Ledger) -> Vec<i64> {
    let mut last = None;
    std::iter::from_fn(|| {
        last = ledger.next(last);
        last
    })
    .collect()
}

#[test]
fn rows_that_end_in_order_leave_no_holes() {
    let mut ledger = with_rows(5);
    for id in 1..=3 {
        assert_eq!(ledger.end(id), Standing::Waits);
        assert_eq!(ledger.end(id), Standing::Ended);
    }
    assert_eq!((waiting(&ledger), ledger.holes.len()), (vec![4, 5], 0));
    assert_eq!((ledger.end(0), ledger.end(6)), (Standing::Ended, Standing::Ended));
}

#[test]
fn rows_that_end_out_of_order_are_holes_until_the_first_row_is_behind_them() {
    let mut ledger = with_rows(6);
    ledger.end(3);
    ledger.end(2);
    ledger.end(5);
    assert_eq!((waiting(&ledger), ledger.holes.len()), (vec![1, 4, 6], 2));
    ledger.end(1);
    assert_eq!((ledger.state.floor, ledger.holes.len()), (4, 1));
    ledger.end(6);
    ledger.end(4);
    assert_eq!((ledger.state.floor, ledger.holes.len()), (7, 0));
    assert_eq!(ledger.append(10), 7);
    assert_eq!(waiting(&ledger), [7]);
}

#[test]
fn counts_that_are_not_even_are_refused() {
    let mut ledger = with_rows(6);
    ledger.end(3);
    let state = ledger.state;
    assert!(Ledger::new(state, [(3, 3)]).is_some());
    for holes in [vec![], vec![(3, 4)], vec![(1, 1)], vec![(6, 7)], vec![(3, 2)], vec![(9, 9)]] {
        assert!(Ledger::new(state, holes.clone()).is_none(), "{holes:?}");
    }
    assert!(Ledger::new(State { floor: i64::MIN, ..state }, []).is_none());
}

#[derive(Debug, Clone)]
enum Step {
    Append,
    End(i64),
    PutBack(i64),
    SkipTo(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Append),
        4 => (0..30_i64).prop_map(Step::End),
        2 => (1..30_i64).prop_map(Step::PutBack),
        1 => (1..30_i64).prop_map(Step::SkipTo),
    ]
}

proptest! {
    #[test]
    fn it_always_agrees_with_a_set_of_the_rows(steps in prop::collection::vec(step(), 0..80)) {
        let (mut ledger, mut rows, mut last) = (empty(), BTreeSet::new(), 0);
        for step in steps {
            match step {
                Step::Append => {
                    last += 1;
                    prop_assert_eq!(ledger.append(1), last);
                    rows.insert(last);
                }
                Step::End(id) => {
                    let waited = rows.remove(&id);
                    prop_assert_eq!(ledger.end(id) == Standing::Waits, waited);
                }
                Step::PutBack(id) => {
                    if rows.insert(id) {
                        ledger.put_back(id, 1);
                        last = last.max(id);
                    }
                }
                Step::SkipTo(id) => {
                    ledger.skip_to(id);
                    last = last.max(id);
                }
            }
            prop_assert!(waiting(&ledger).iter().eq(&rows));
            prop_assert_eq!(ledger.state.last_id, last);
            let again = Ledger::new(ledger.state, ledger.holes.iter().map(|(a, b)| (*a, *b)));
            prop_assert_eq!(again, Some(ledger.clone()));
        }
    }
}
