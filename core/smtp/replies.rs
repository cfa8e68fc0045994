//! Every fixed reply of the receiving machine that refuses nothing, in one table: code, enhanced code, text. RFC 5321
//! §4.2 (codes), RFC 2034 and RFC 3463 (enhanced codes; none on the banner, the HELO and EHLO replies, 334 and 354, RFC
//! 2034 §4). What refuses is in [`postern_vocab::refusals`].

use postern_vocab::Reply;

/// A reply known when the program is built: one row of the table.
macro_rules! replies {
    ($($(#[$doc:meta])+ $name:ident = $code:literal $enhanced:literal $text:literal;)+) => {
        $($(#[$doc])+ pub const $name: Reply = Reply::fixed($code, $enhanced, $text);)+

        /// The whole table, for the test of its form.
        #[cfg(test)]
        const ALL: &[(&str, Reply)] = &[$((stringify!($name), $name)),+];
    };
}

replies! {
    // Done. RFC 5321 §4.3.2.
    /// RFC 5321 §4.1.1.9.
    NOOP_OK = 250 "2.0.0" "Ok";
    /// RFC 5321 §4.1.1.5.
    RSET_OK = 250 "2.0.0" "Ok: transaction dropped";
    /// RFC 5321 §3.3.
    SENDER_OK = 250 "2.1.0" "Ok";
    /// RFC 5321 §3.3.
    RECIPIENT_OK = 250 "2.1.5" "Ok";
    /// RFC 5321 §3.5.3: always the same, so that nobody learns who is here (§7.3).
    VRFY_CANNOT = 252 "2.5.0" "Cannot VRFY; send mail and see";
    /// RFC 5321 §4.1.1.8.
    HELP_TEXT = 214 "2.0.0" "Commands are those of RFC 5321; ask the postmaster about refused mail";
    /// RFC 5321 §4.1.1.10.
    BYE = 221 "2.0.0" "Bye";
    /// RFC 3207 §4.
    TLS_READY = 220 "2.0.0" "Ready to start TLS";
    /// RFC 4954 §6.
    LOGGED_IN = 235 "2.7.0" "Authentication succeeded";

    // Go on. These ask for something else than a command.
    /// RFC 5321 §4.1.1.4.
    SEND_DATA = 354 "" "End data with <CR><LF>.<CR><LF>";
    /// RFC 4954 §4: the empty challenge, for PLAIN.
    SEND_CREDENTIALS = 334 "" "";
    /// `Username:` in base64, for LOGIN.
    SEND_USER = 334 "" "VXNlcm5hbWU6";
    /// `Password:` in base64, for LOGIN.
    SEND_PASSWORD = 334 "" "UGFzc3dvcmQ6";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enhanced_code_agrees_with_its_code_and_a_line_stays_short() {
        for (name, reply) in ALL {
            let class = reply.enhanced.bytes().next();
            let digit = reply.code.to_string().bytes().next();
            assert!(reply.code / 100 == 3 || class == digit, "{name}: {reply}");
            assert!(reply.to_string().len() + 2 <= 512, "{name}: RFC 5321 §4.5.3.1.5");
            assert!(reply.text.bytes().all(|c| (32..=126).contains(&c)), "{name}");
        }
    }
}
