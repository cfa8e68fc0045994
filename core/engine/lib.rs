//! The shard: sessions, pipeline, delivery, and the drivers below them
