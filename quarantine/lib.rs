//! One RocksDB: held mail, tracking, lists, users; fed from the journals, asked through the door
