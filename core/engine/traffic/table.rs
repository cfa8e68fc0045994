//! A map of bounded size for many threads. It is cut into sets of a few entries, each behind a lock of its own that is
//! held for the look at those few; a set that is full forgets the entry that was quiet longest. It knows nothing of
//! what it keeps.
//!
//! Sets, because a bound and a fair eviction over all of a large map need one lock over all of it. The price is that a
//! set may be full, and forget, a little before the whole table is.

use postern_vocab::Timestamp;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Entries of a set. Enough that sets fill evenly (at half the table's size one in 250 is full), few enough to be read
/// through in less time than taking the lock.
const WAYS: usize = 16;

/// At most so many keys as it was made for, each with its value.
pub(super) struct Table<K, V> {
    sets: Box<[Mutex<Set<K, V>>]>,
    hasher: RandomState,
}

/// Entries whose keys fall together, at most [`WAYS`].
struct Set<K, V>(Vec<Entry<K, V>>);

struct Entry<K, V> {
    key: K,
    /// When it was last heard of.
    touched: Timestamp,
    value: V,
}

impl<K: Eq + Hash, V> Table<K, V> {
    /// Empty. Memory is taken as keys come, up to `keys_max` of them.
    pub(super) fn new(keys_max: usize, hasher: RandomState) -> Self {
        let count = (keys_max / WAYS).max(1);
        Self {
            sets: (0..count).map(|_| Mutex::new(Set(Vec::new()))).collect(),
            hasher,
        }
    }

    /// What `change` makes of the key's value, which is the default one if the key is new. Nobody else sees the value
    /// meanwhile; `change` must be short, and must not come back to this table.
    pub(super) fn update<R>(&self, key: K, now: Timestamp, change: impl FnOnce(&mut V) -> R) -> R
    where
        V: Default,
    {
        let mut set = self.set_of(&key);
        let entry = set.entry_or_new(key);
        entry.touched = now;
        change(&mut entry.value)
    }

    /// What `read` sees in the key's value; `None` if the key is not here. It does not count as being heard of.
    pub(super) fn read<R>(&self, key: &K, read: impl FnOnce(&V) -> R) -> Option<R> {
        let set = self.set_of(key);
        let entry = set.0.iter().find(|entry| entry.key == *key)?;
        Some(read(&entry.value))
    }

    /// Puts a value back that was kept elsewhere, last heard of at `touched`.
    pub(super) fn put(&self, key: K, touched: Timestamp, value: V)
    where
        V: Default,
    {
        self.update(key, touched, |fresh| *fresh = value);
    }

    /// Shows every entry, one set after the other: what changes meanwhile in another set may be seen or not.
    pub(super) fn visit(&self, mut visitor: impl FnMut(&K, Timestamp, &mut V)) {
        for set in &self.sets {
            for entry in &mut lock(set).0 {
                visitor(&entry.key, entry.touched, &mut entry.value);
            }
        }
    }

    fn set_of(&self, key: &K) -> MutexGuard<'_, Set<K, V>> {
        let count = self.sets.len() as u64;
        let place = self.hasher.hash_one(key) % count;
        let place = usize::try_from(place).expect("less than the number of sets, which is a usize");
        lock(&self.sets[place])
    }
}

/// A thread that panicked with the lock held leaves a set that is whole: entries are changed in place, never half moved.
fn lock<T>(set: &Mutex<T>) -> MutexGuard<'_, T> {
    set.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K: Eq, V: Default> Set<K, V> {
    /// The key's entry, or a new one in a free place or in that of the one that was quiet longest.
    fn entry_or_new(&mut self, key: K) -> &mut Entry<K, V> {
        let entries = &mut self.0;
        if let Some(at) = entries.iter().position(|entry| entry.key == key) {
            return &mut entries[at];
        }
        let entry = Entry {
            key,
            touched: Timestamp::default(),
            value: V::default(),
        };
        let at = if entries.len() < WAYS {
            entries.push(entry);
            entries.len() - 1
        } else {
            let quietest = entries.iter().enumerate().min_by_key(|(_, entry)| entry.touched);
            let (at, _) = quietest.expect("a full set has entries");
            entries[at] = entry;
            at
        };
        &mut entries[at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn count<K: Eq + Hash, V>(table: &Table<K, V>) -> usize {
        let mut count = 0;
        table.visit(|_, _, _| count += 1);
        count
    }

    #[test]
    fn a_million_keys_leave_no_more_than_the_bound_and_the_one_in_use() {
        let table = Table::<u64, u64>::new(4_096, RandomState::new());
        for stranger in 1..=1_000_000 {
            let now = Timestamp(stranger);
            table.update(stranger, now, |value| *value += 1);
            // Once in 64 strangers, of which each set sees a quarter: far less often than a set is filled anew.
            if stranger % 64 == 0 {
                table.update(0, now, |value| *value += 1);
            }
        }
        assert!(count(&table) <= 4_096, "{}", count(&table));
        assert_eq!(
            table.read(&0, |value| *value),
            Some(1_000_000 / 64),
            "a key in use is never forgotten under pressure"
        );
        assert_eq!(table.read(&1, |value| *value), None, "the quiet ones made room");
    }

    #[test]
    fn a_full_set_forgets_the_one_that_was_quiet_longest() {
        let table = Table::<usize, usize>::new(WAYS, RandomState::new());
        for key in 0..WAYS {
            table.put(key, Timestamp(key as u64), key);
        }
        table.update(0, Timestamp(100), |_| ());
        assert_eq!(table.read(&1, |value| *value), Some(1), "a look is no use of it");
        table.update(99, Timestamp(101), |value| *value = 99);
        let left: Vec<_> = [0, 1, 2, 99]
            .iter()
            .map(|key| table.read(key, |value| *value))
            .collect();
        assert_eq!(left, [Some(0), None, Some(2), Some(99)]);
    }

    #[test]
    fn no_change_is_lost_among_threads() {
        let table = Table::<u64, u64>::new(1_024, RandomState::new());
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for round in 0..20_000 {
                        table.update(round % 10, Timestamp(round), |value| *value += 1);
                    }
                });
            }
        });
        let counts: Vec<_> = (0..10).map(|key| table.read(&key, |value| *value)).collect();
        assert_eq!(counts, [Some(16_000); 10]);
    }
}
