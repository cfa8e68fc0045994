//! The per-core log: record format, group commit, recovery, space reclaim
