//! Every limit there is, with its unit in the name and its reason beside it. Nothing is unbounded: a loop, queue,
//! buffer, retry or cache without a name here is a mistake. Those an administrator may change are the defaults of
//! `[limits]`; the rest hold always.

use std::time::Duration;

// The SMTP front.

/// A command line with its line end. RFC 5321 §4.5.3.1.4 asks for 512; extensions add to it, and real clients overrun.
pub const COMMAND_LINE_OCTETS_MAX: usize = 1_000;
/// A MAIL or RCPT line with its line end: 512, and what their parameters add. SIZE asks for 26 octets (RFC 1870 §3), BODY
/// for 17 (RFC 6152 §2), SMTPUTF8 for 10 (RFC 6531 §3.1), AUTH for 500 (RFC 4954 §3), ENVID, ORCPT and NOTIFY for some 650
/// (RFC 3461 §5.4).
pub const MAIL_LINE_OCTETS_MAX: usize = 2_000;
/// ENVID= of MAIL. RFC 3461 §4.4.
pub const ENVELOPE_ID_OCTETS_MAX: usize = 100;
/// ORCPT= of RCPT. RFC 3461 §4.2.
pub const ORIGINAL_RECIPIENT_OCTETS_MAX: usize = 500;
/// A text line in the data. RFC 5321 §4.5.3.1.6 asks for 1,000; real mail has whole pages of HTML on one line, half a
/// megabyte of it in the longest seen, and is passed on unchanged.
pub const TEXT_LINE_OCTETS_MAX: usize = 1024 * 1024;
/// RFC 5321 §4.5.3.1.1.
pub const LOCAL_PART_OCTETS_MAX: usize = 64;
/// RFC 5321 §4.5.3.1.2.
pub const DOMAIN_OCTETS_MAX: usize = 255;
/// RFC 1035 §2.3.4.
pub const LABEL_OCTETS_MAX: usize = 63;
/// Recipients of one message. RFC 5321 §4.5.3.1.8 demands at least 100.
pub const RECIPIENTS_MAX: usize = 1_000;
/// Messages of one connection; a peer with more reconnects, so that load spreads over the shards.
pub const MESSAGES_PER_CONNECTION_MAX: u32 = 1_000;
/// A message, default of `[limits] message_bytes`: what large providers take.
pub const MESSAGE_BYTES_MAX: u64 = 50 * 1024 * 1024;
/// How far past the message limit a body is read and thrown away before the connection is closed, as a multiple of
/// the limit: a client that is cut off mid-data would only try again.
pub const OVERSIZE_DISCARD_FACTOR: u64 = 10;
/// What an idle connection's command buffer holds.
pub const COMMAND_BUFFER_BYTES: usize = 512;
/// The first capacity of a message's own buffer when the client declares no SIZE.
pub const BODY_BUFFER_BYTES: usize = 16 * 1024;
/// The most capacity a declared SIZE gets before any octet has come: a liar pins no more than this.
pub const BODY_BUFFER_DECLARED_BYTES_MAX: usize = 256 * 1024;
/// Message bodies in memory over all shards; over it MAIL gets 452 4.3.1 until it recovers.
pub const BODIES_IN_MEMORY_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Connections of one shard; over it a new one gets 421 4.3.2.
pub const CONNECTIONS_PER_SHARD_MAX: usize = 20_000;
/// Unknown or malformed commands before replies slow down to one a second.
pub const ERRORS_BEFORE_DELAY: u32 = 10;
/// Unknown or malformed commands before the connection is closed.
pub const ERRORS_BEFORE_CLOSE: u32 = 20;
/// The delay on each reply between the two.
pub const ERROR_DELAY: Duration = Duration::from_secs(1);
/// Idle time in the command phase. RFC 5321 §4.5.3.2.7 asks for 5 minutes.
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(300);
/// Idle time between two reads of a body. RFC 5321 §4.5.3.2.5 asks for 3 minutes.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(180);
/// The slowest a body may come in, in octets a second: what is slower holds memory for no mail that anyone waits for.
pub const BODY_RATE_MIN: u64 = 500;
/// The time over which it is judged.
pub const BODY_RATE_WINDOW: Duration = Duration::from_secs(60);
/// What one pause counts in that time at most: a network may stall for a while (RFC 5321 §4.5.3.2.5) and go on at speed.
pub const BODY_PAUSE_COUNTED_MAX: Duration = Duration::from_secs(30);
/// How long a reply may take to leave: a peer that does not read is not waited for.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(120);
/// How long a connection that we close is read on, in silence, so that the reply that says why is not lost.
pub const LINGER_TIMEOUT: Duration = Duration::from_secs(2);
/// Octets thrown away meanwhile.
pub const LINGER_BYTES_MAX: usize = 1024 * 1024;
/// Octets read at a time meanwhile.
pub const LINGER_READ_BYTES: usize = 4 * 1024;
/// The banner waits no longer than this for the reverse name.
pub const BANNER_DNS_TIMEOUT: Duration = Duration::from_secs(1);
/// How long open connections may finish their message when the daemon is told to stop.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);
/// How long a starting daemon waits for an address or a data directory that is in use: the kernel takes a killed daemon's
/// ring and files apart after the process is gone, and whoever is started right behind it must not fail for that.
pub const TAKEOVER_TIMEOUT: Duration = Duration::from_secs(2);
/// How often it looks.
pub const TAKEOVER_LOOK: Duration = Duration::from_millis(20);

// Who may connect, and how much.

/// Connections at once from one address, unless a mail flow policy says otherwise. Loopback is exempt from it: proxies
/// and tools on this machine share one address.
pub const CONNECTIONS_PER_ADDRESS_MAX: u32 = 1_000;
/// Invalid recipients an hour from one client before it is taken for a harvester.
pub const INVALID_RECIPIENTS_PER_HOUR: u32 = 25;
/// How long a greylisted client waits at first.
pub const GREYLIST_WAIT: Duration = Duration::from_secs(180);
/// How long it may take to come again.
pub const GREYLIST_RETRY_WITHIN: Duration = Duration::from_secs(2 * 24 * 3_600);
/// How long one that came again is remembered.
pub const GREYLIST_REMEMBER: Duration = Duration::from_secs(36 * 24 * 3_600);
/// Triples of greylisting that are remembered at once; the oldest makes room.
pub const GREYLIST_TRIPLES_MAX: usize = 500_000;
/// Octets of each address of a triple that are kept and compared.
pub const GREYLIST_TEXT_OCTETS_MAX: usize = 128;
/// Triples of one network that must have come again before the network need not wait any more: it has a queue.
pub const GREYLIST_PASSES_TO_ADMIT: u32 = 5;
/// Networks that are remembered for it.
pub const GREYLIST_CLIENTS_MAX: usize = 100_000;
/// Keys of rates (clients, senders) that are counted at once; the one that was quiet longest makes room.
pub const RATE_KEYS_MAX: usize = 262_144;
/// Addresses and networks whose reputation is remembered at once.
pub const REPUTATION_KEYS_MAX: usize = 262_144;
/// In what time an event counts half as much for a sender's reputation.
pub const REPUTATION_HALF_LIFE: Duration = Duration::from_secs(7 * 24 * 3_600);
/// How many events, faded and weighted, make a score.
pub const REPUTATION_WEIGHT_MIN: f32 = 10.0;
/// How many count at most: older ones make room, so that the conduct of today shows.
pub const REPUTATION_WEIGHT_MAX: f32 = 1_000.0;
/// How often reputation and greylisting are saved for the next start.
pub const HISTORY_SAVED_EVERY: Duration = Duration::from_secs(300);
/// Octets of such a file that are read: more than the fullest one has.
pub const HISTORY_FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Answers in the cache of recipients that a directory or a next hop was asked about.
pub const RECIPIENT_CACHE_MAX: usize = 100_000;
/// How long a positive answer in it holds.
pub const RECIPIENT_CACHE_VALID: Duration = Duration::from_secs(7 * 24 * 3_600);
/// How long a negative one does: a new mailbox must not wait long for its first mail.
pub const RECIPIENT_CACHE_INVALID: Duration = Duration::from_secs(300);
/// How long asking a directory or a next hop about a recipient may take.
pub const RECIPIENT_CHECK_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a positive answer in the cache serves beyond its time while nobody gives a new one: mail for a known mailbox
/// is taken then, and not put off.
pub const RECIPIENT_CACHE_STALE: Duration = Duration::from_secs(7 * 24 * 3_600);
/// How long a directory or a next hop that gave no answer is left alone: until then its recipients do not wait for it.
pub const RECIPIENT_CHECK_REST: Duration = Duration::from_secs(5);
/// Connections to the directory, and so look-ups under way there; the others wait.
pub const DIRECTORY_CONNECTIONS_MAX: usize = 4;
/// How long a connection to the directory is kept for the next look-up: firewalls forget older ones without a word.
pub const DIRECTORY_IDLE: Duration = Duration::from_secs(60);
/// Connections to one next hop that ask about recipients; the others wait.
pub const CALL_AHEADS_PER_HOP_MAX: usize = 10;
/// Next hops of which it is known whether they answer, and domains behind one of which it is known whether all of their
/// recipients are taken.
pub const CALL_AHEAD_REMEMBERED_MAX: usize = 1_000;
/// How long it is remembered that a next hop takes every recipient of a domain, or that it does not.
pub const CALL_AHEAD_TAKES_ALL: Duration = Duration::from_secs(3_600);
/// Answers in the DNS cache.
pub const DNS_CACHE_MAX: u64 = 200_000;
/// Answers about loopback addresses, which have a cache of their own.
pub const DNS_LOOPBACK_CACHE_MAX: u64 = 256;
/// How long an answer in either holds at most, whatever its TTL says.
pub const DNS_CACHE_TIME_MAX: Duration = Duration::from_secs(24 * 3_600);
/// How long the answer that there is nothing holds at most. RFC 2308 §5 finds one to three hours good.
pub const DNS_CACHE_ABSENT_TIME_MAX: Duration = Duration::from_secs(3_600);
/// DNS look-ups under way at once; over it an answer is "not now".
pub const DNS_LOOKUPS_MAX: usize = 4_096;
/// How long one look-up takes at most, all the questions in it together: the time to find a next hop, and the time for
/// which a look-up that nobody waits for any more goes on.
pub const DNS_LOOKUP_TIMEOUT: Duration = Duration::from_secs(20);
/// How long MAIL FROM waits for whether the sender's domain exists.
pub const SENDER_DOMAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// Reverse names of one address that are looked at for one that leads back.
pub const REVERSE_NAMES_MAX: usize = 10;
/// Mail exchangers of one domain that are tried.
pub const MAIL_EXCHANGERS_MAX: usize = 20;
/// Addresses of one mail exchanger that are tried.
pub const MAIL_HOST_ADDRESSES_MAX: usize = 20;
/// DNS lists that are asked and tested.
pub const DNS_LIST_ZONES_MAX: usize = 32;
/// Codes of one listing that are kept.
pub const DNS_LIST_CODES_MAX: usize = 16;
/// How often a DNS list that is used is tested.
pub const DNS_LIST_TEST_EVERY: Duration = Duration::from_secs(300);
/// How soon one that failed is tested again.
pub const DNS_LIST_RETEST_EVERY: Duration = Duration::from_secs(60);
/// How long each question of a test may take.
pub const DNS_LIST_TEST_TIMEOUT: Duration = Duration::from_secs(5);
/// Look-ups in a row without an answer after which a DNS list is taken for dead.
pub const DNS_LIST_UNANSWERED_MAX: u32 = 5;
/// A TLS handshake, from STARTTLS on.
pub const TLS_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);
/// Ciphertext received at a time in a handshake: a client's hello is one to two KiB.
pub const TLS_HANDSHAKE_READ_BYTES: usize = 4 * 1024;
/// What a connection in TLS has ready for ciphertext while it waits for a command.
pub const TLS_IDLE_READ_BYTES: usize = 512;
/// What it has ready while a body comes: two records of the largest size.
pub const TLS_BULK_READ_BYTES: usize = 32 * 1024;
/// Room in a buffer that says that it is for commands, and not for a body.
pub const TLS_COMMAND_ROOM_BYTES_MAX: usize = 4 * 1024;
/// Ciphertext of a message that is not complete. A record has 18 KiB at most, a handshake message over several records
/// no more than this.
pub const TLS_UNREAD_BYTES_MAX: usize = 64 * 1024;
/// Plaintext that is encrypted before it is sent.
pub const TLS_SEND_BYTES: usize = 64 * 1024;
/// A file with certificates, a key or authorities; the list that systems ship has a quarter of a MiB.
pub const TLS_FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Octets shown of what came instead of a handshake.
pub const TLS_FIRST_OCTETS_SHOWN: usize = 16;
/// Characters kept of the subject of a client's certificate.
pub const CERTIFICATE_SUBJECT_CHARS_MAX: usize = 256;
/// Failed log-ins of one connection before it is closed.
pub const AUTH_FAILURES_MAX: u32 = 3;
/// Passwords that are checked at once for AUTH: each check is made to be slow, and mail needs the cores too.
pub const AUTH_CHECKS_MAX: usize = 2;
/// Passwords that wait for it; over it AUTH gets 454 at once.
pub const AUTH_CHECKS_WAITING_MAX: usize = 64;
/// A command line with AUTH in it. RFC 4954 §4.
pub const AUTH_LINE_OCTETS_MAX: usize = 12_288;
/// A PROXY header: version 1 has 107 octets at most, version 2 more with its extensions.
pub const PROXY_HEADER_OCTETS_MAX: usize = 2_048;
/// How long a trusted proxy may take to send it.
pub const PROXY_HEADER_TIMEOUT: Duration = Duration::from_secs(5);

// What is kept of a conversation.

/// Octets of a peer shown in one event.
pub const LOGGED_OCTETS_MAX: usize = 200;
/// Lines of one connection's conversation that are kept; the rest is counted.
pub const CONVERSATION_LINES_MAX: usize = 400;
/// Octets of one line of it.
pub const CONVERSATION_LINE_OCTETS_MAX: usize = 1_000;
/// Octets of one connection in an injection debug log, which keeps bodies too.
pub const INJECTION_DEBUG_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Incidents of one connection that are kept.
pub const INCIDENTS_PER_CONNECTION_MAX: usize = 50;

// The message.

/// All header fields together.
pub const HEADER_BYTES_MAX: usize = 1024 * 1024;
/// One header field.
pub const HEADER_FIELD_BYTES_MAX: usize = 256 * 1024;
/// What is parsed of one header field whose contents matter (From:, Subject:, Content-Type:): readers of encoded words
/// and parameters take more than linear time.
pub const HEADER_FIELD_PARSED_BYTES_MAX: usize = 16 * 1024;
/// Header fields.
pub const HEADER_FIELDS_MAX: usize = 5_000;
/// Received: fields before a message is called a loop. RFC 5321 §6.3 asks for at least 100 where hops count
/// themselves only; 50 is what others take, and no real path comes near it.
pub const RECEIVED_FIELDS_MAX: usize = 50;
/// MIME parts.
pub const MIME_PARTS_MAX: usize = 1_000;
/// Messages inside messages that are transfer-encoded, and so are decoded before they can be looked into.
pub const MIME_ENCODED_DEPTH_MAX: usize = 3;
/// Work that a second MIME parser may be given, in octets read: multiparts times octets of the message, since each
/// whose boundary is missing is searched for to the end. 512 MiB is a second at worst.
pub const MIME_WORK_BYTES_MAX: usize = 512 * 1024 * 1024;
/// Places in a message that a second MIME parser could take for a boundary: each costs it memory.
pub const MIME_DASHES_MAX: usize = 100_000;
/// MIME nesting.
pub const MIME_DEPTH_MAX: usize = 100;
/// Characters kept of a header text in the facts.
pub const HEADER_FACT_CHARS_MAX: usize = 998;
/// Addresses kept of one header field in the facts.
pub const HEADER_ADDRESSES_MAX: usize = 100;
/// Attachments kept in the facts; the count of parts stays exact.
pub const ATTACHMENT_FACTS_MAX: usize = 200;
/// Characters of an attachment's name.
pub const ATTACHMENT_NAME_CHARS_MAX: usize = 255;
/// Characters of a finding's detail.
pub const FINDING_DETAIL_CHARS_MAX: usize = 200;
/// Findings of one message.
pub const FINDINGS_MAX: usize = 200;
/// Links of one message that are looked at.
pub const LINKS_MAX: usize = 1_000;
/// Decoded text of one part that the spam rules read.
pub const SCANNED_TEXT_BYTES_MAX: usize = 2 * 1024 * 1024;

// The journal.

/// A segment is closed and the next begun when it is larger than this.
pub const SEGMENT_BYTES: u64 = 128 * 1024 * 1024;
/// One record without its body: envelope, facts, decision, conversation.
pub const RECORD_META_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Octets in one group commit: what is written between two flushes.
pub const COMMIT_GROUP_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Records waiting for a commit in one shard; over it MAIL gets 452.
pub const COMMIT_WAITING_MAX: usize = 10_000;
/// Octets of a journal read at once by recovery and by the index writer; only a larger record's own meta is read whole.
pub const JOURNAL_READ_BYTES: usize = 1024 * 1024;
/// Free space on the journal's disk below which MAIL gets 452 4.3.1: accepted mail must still be able to move.
pub const DISK_FREE_BYTES_MIN: u64 = 256 * 1024 * 1024;

// Delivery.

/// Delivery connections of one shard.
pub const DELIVERIES_PER_SHARD_MAX: usize = 50;
/// Delivery connections of one shard to one next hop.
pub const DELIVERIES_PER_HOP_MAX: usize = 10;
/// Messages sent over one delivery connection.
pub const MESSAGES_PER_DELIVERY_MAX: u32 = 100;
/// How long a delivery connection is kept open for the next message: opening one costs more than the message.
pub const DELIVERY_IDLE: Duration = Duration::from_secs(1);
/// First wait after a temporary failure; doubled after each.
pub const RETRY_WAIT_MIN: Duration = Duration::from_secs(60);
/// Longest wait between two attempts.
pub const RETRY_WAIT_MAX: Duration = Duration::from_secs(3_600);
/// How long delivery is tried before the sender gets a bounce. RFC 5321 §4.5.4.1 asks for 4 to 5 days.
pub const RETRY_FOR: Duration = Duration::from_secs(5 * 24 * 3_600);
/// Connecting to a next hop.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// Waiting for a next hop's reply. RFC 5321 §4.5.3.2 has 2 to 10 minutes, by command; this is the default for all but
/// the end of data.
pub const DELIVERY_REPLY_TIMEOUT: Duration = Duration::from_secs(300);
/// Waiting for the reply to the end of data. RFC 5321 §4.5.3.2.6.
pub const DELIVERY_FINAL_TIMEOUT: Duration = Duration::from_secs(600);
/// A reply of a next hop, all lines together.
pub const DELIVERY_REPLY_OCTETS_MAX: usize = 64 * 1024;
/// Messages of which a shard keeps the body in memory while they wait for their first attempt.
pub const QUEUED_BODIES_IN_MEMORY_MAX: usize = 1_000;
/// Octets of the original message's header that a bounce returns.
pub const DSN_RETURNED_BYTES_MAX: usize = 10 * 1024;
/// Octets of an original message that a bounce returns whole, where the sender asked for that (RET=FULL).
pub const DSN_RETURNED_WHOLE_BYTES_MAX: usize = 1024 * 1024;

// Index, door and portal.

/// How long held mail stays before it expires.
pub const QUARANTINE_RETENTION: Duration = Duration::from_secs(30 * 24 * 3_600);
/// Notices from the shards to the index writer; it reads the journals themselves, so a full channel loses nothing.
pub const INDEX_NOTICES_MAX: usize = 1_024;
/// Journal records the index writer takes into one batch.
pub const INDEX_BATCH_RECORDS_MAX: usize = 1_024;
/// Octets of bodies in one such batch.
pub const INDEX_BATCH_BYTES_MAX: usize = 64 * 1024 * 1024;
/// One request or reply on the door.
pub const DOOR_FRAME_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Octets of a held message that go through the door for a preview; the store keeps and delivers all of it.
pub const DOOR_CONTENT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Clients connected to the door at once.
pub const DOOR_CLIENTS_MAX: usize = 128;
/// Rows in one page of a list.
pub const PAGE_ROWS_MAX: usize = 1_000;
/// Rows the store looks at for one page before it hands back a cursor.
pub const SEARCH_ROWS_MAX: usize = 200_000;
/// Entries of one owner on one list.
pub const LIST_ENTRIES_MAX: usize = 500;
/// A portal session without a request.
pub const SESSION_IDLE: Duration = Duration::from_secs(12 * 3_600);
/// Wrong passwords for one log-in within [`LOGIN_WINDOW`] before it has to wait.
pub const LOGIN_FAILURES_MAX: u32 = 10;
/// See [`LOGIN_FAILURES_MAX`].
pub const LOGIN_WINDOW: Duration = Duration::from_secs(900);
/// Log-ins of which failures are remembered at once.
pub const LOGIN_FAILURES_REMEMBERED_MAX: usize = 10_000;
/// How long a digest's links work, at most: the held message's own expiry may come first.
pub const DIGEST_LINK_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3_600);
/// Rows in one digest.
pub const DIGEST_ROWS_MAX: usize = 50;
/// Text of a held message shown on a page.
pub const PREVIEW_TEXT_BYTES_MAX: usize = 256 * 1024;
/// A form sent to the portal.
pub const FORM_BYTES_MAX: usize = 256 * 1024;
