//! One identity from first packet to last click (DESIGN §1.5): every id is a newtype, unique for the life of the
//! appliance, and printed as the plain number that administrators know from mail logs.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $inner:ty, $label:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// The word that stands before the number in logs, pages and commands.
            pub const LABEL: &str = $label;
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id!(
    /// Incoming connection. Given out when the connection is accepted, refused connections included.
    Icid, u64, "ICID"
);
id!(
    /// Message. Given out at MAIL FROM, so a transaction that is refused at RCPT TO has one too.
    Mid, u64, "MID"
);
id!(
    /// Recipient: the position in one message's envelope, counted from 0 in the order of RCPT TO.
    Rid, u16, "RID"
);
id!(
    /// Delivery connection: one connection made to a next hop.
    Dcid, u64, "DCID"
);
id!(
    /// The appliance a record was made on; 0 until several appliances share their events.
    NodeId, u32, "NODE"
);
