//! How the rooms' tests run a fuzz body: over its seeds, and over seeds with pseudo-random changes. The fuzz targets do
//! without it.

use proptest::prelude::*;

/// A change at a place of an input.
#[derive(Clone, Debug)]
enum Change {
    Replace(u8),
    Insert(u8),
    Remove(usize),
    Repeat(usize),
}

fn change() -> impl Strategy<Value = (usize, Change)> {
    let octet = prop_oneof![any::<u8>(), Just(b'\r'), Just(b'\n'), Just(b'.'), Just(b' ')];
    let change = prop_oneof![
        octet.clone().prop_map(Change::Replace),
        octet.prop_map(Change::Insert),
        (1_usize..40).prop_map(Change::Remove),
        (1_usize..40).prop_map(Change::Repeat),
    ];
    (any::<usize>(), change)
}

fn changed(seed: &[u8], changes: &[(usize, Change)]) -> Vec<u8> {
    let mut octets = seed.to_vec();
    for (at, change) in changes {
        let at = at % (octets.len() + 1);
        let to = |length: &usize| (at + length).min(octets.len());
        match change {
            Change::Replace(octet) => octets.iter_mut().skip(at).take(1).for_each(|old| *old = *octet),
            Change::Insert(octet) => octets.insert(at, *octet),
            Change::Remove(length) => drop(octets.drain(at..to(length))),
            Change::Repeat(length) => {
                let piece = octets[at..to(length)].to_vec();
                octets.splice(at..at, piece);
            }
        }
    }
    octets
}

/// Runs a body over its seeds and over 2,500 inputs made of them.
pub fn replay(seeds: &[Vec<u8>], run: fn(&[u8])) {
    seeds.iter().for_each(|seed| run(seed));
    let cases = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(2_500)
    };
    let inputs = (0..seeds.len(), proptest::collection::vec(change(), 0..12));
    let held = proptest::test_runner::TestRunner::new(cases).run(&inputs, |(seed, changes)| {
        run(&changed(&seeds[seed], &changes));
        Ok(())
    });
    assert!(held.is_ok(), "{}", held.expect_err("just looked"));
}
