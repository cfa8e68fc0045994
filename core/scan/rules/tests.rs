//! Each rule with mail it must see and mail it must not. Addresses are documentation ones, texts are made up.

use super::rule_list;
use crate::{EnvelopeView, Scanner};
use postern_vocab::{Envelope, Finding, ReverseName, ReversePath};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

const PLAIN: &str = "From: Alice <alice@example.com>\nTo: bob@example.net\nSubject: Minutes of the meeting\n\
    Date: Thu, 1 Jan 2026 00:00:00 +0000\nMessage-ID: <1@example.com>";

/// What the scanner finds in a mail of [`PLAIN`]'s fields with those in `changes` put over them (`Name: -` takes one
/// away, `+Name: x` adds another), and `body`. Fields that begin with `@` are the envelope's.
fn findings(changes: &str, body: &str) -> Vec<Finding> {
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut outside: BTreeMap<&str, &str> = BTreeMap::new();
    let split = |line: &'static str| {
        line.split_once(':')
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    fields.extend(PLAIN.lines().filter_map(split));
    for (name, value) in changes.lines().filter_map(|line| line.split_once(':')) {
        if name.starts_with('@') {
            outside.insert(name, value.trim());
            continue;
        }
        if !name.starts_with('+') {
            fields.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        }
        if value.trim() != "-" {
            fields.push((name.trim_start_matches('+').to_owned(), value.to_owned()));
        }
    }
    let header: String = fields
        .iter()
        .map(|(name, value)| format!("{name}:{value}\r\n"))
        .collect();
    let message = format!("{header}\r\n{}", body.replace('\n', "\r\n"));
    let sender = outside.get("@sender").copied().unwrap_or("alice@example.com");
    let envelope = Envelope {
        sender: sender.parse().map_or(ReversePath::Null, ReversePath::Mailbox),
        recipients: vec!["bob@example.net".parse().expect("valid")],
        ..Envelope::default()
    };
    let reverse = match outside.get("@reverse").copied() {
        Some("none") => ReverseName::None,
        Some("late") => ReverseName::Unknown,
        _ => ReverseName::Verified("mail.example.com".to_owned()),
    };
    let helo = outside.get("@helo").copied().unwrap_or("mail.example.com");
    let client = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let view = EnvelopeView {
        envelope: &envelope,
        helo,
        client,
        reverse: &reverse,
    };
    Scanner::new("mx.example.net")
        .scan(message.as_bytes(), &view)
        .findings
}

fn fires(rule: &str, changes: &str, body: &str) -> bool {
    findings(changes, body).iter().any(|finding| finding.rule == rule)
}

const HTML: &str = "MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8";
const BASE64: &str = "Content-Type: text/plain\nContent-Transfer-Encoding: base64";
const FILE: &str = "Content-Type: application/octet-stream; name=";

/// Rule, changes to the header, body, whether it fires.
type Row = (&'static str, &'static str, &'static str, bool);

#[rustfmt::skip]
const HEADER_ROWS: &[Row] = &[
    ("DATE_MISSING", "Date: -", "x", true),
    ("DATE_MISSING", "", "x", false),
    ("MESSAGE_ID_MISSING", "Message-ID: -", "x", true),
    ("MESSAGE_ID_MISSING", "", "x", false),
    ("MESSAGE_ID_ODD", "Message-ID: <abc>", "x", true),
    ("MESSAGE_ID_ODD", "Message-ID: <abc@pc>", "x", true),
    ("MESSAGE_ID_ODD", "Message-ID: -", "x", false),
    ("FROM_MISSING", "From: -", "x", true),
    ("FROM_MISSING", "From: <>", "x", true),
    ("FROM_MISSING", "", "x", false),
    ("FROM_NAME_ADDRESS", "From: \"ceo@bank.example\" <alice@example.com>", "x", true),
    ("FROM_NAME_ADDRESS", "From: \"alice@mail.example.com\" <alice@example.com>", "x", false),
    ("FROM_NAME_BRAND", "From: PayPal Support <alice@example.com>", "x", true),
    ("FROM_NAME_BRAND", "From: PayPal <service@paypal.com>", "x", false),
    ("FROM_NAME_BRAND", "From: Paypalia Jones <alice@example.com>", "x", false),
    ("FROM_NAME_ODD", "From: =?utf-8?q?Pay=E2=80=8BPal?= <alice@example.com>", "x", true),
    ("FROM_NAME_ODD", "From: =?utf-8?q?Andr=C3=A9?= <alice@example.com>", "x", false),
    ("FROM_DOMAIN_DIGITS", "From: a@mail20391.example.com", "x", true),
    ("FROM_DOMAIN_DIGITS", "From: a@mx12.example.com", "x", false),
    ("FROM_DOMAIN_ODD", "From: a@example.xyz", "x", true),
    ("FROM_DOMAIN_ODD", "From: a@xyz.example.com", "x", false),
    ("FROM_LOCAL_RANDOM", "From: a7b3k9x2@example.com", "x", true),
    ("FROM_LOCAL_RANDOM", "From: xkcdqwrtz@example.com", "x", true),
    ("FROM_LOCAL_RANDOM", "From: alice2001@example.com", "x", false),
    ("FROM_LOCAL_RANDOM", "From: bounce+a7b3k9x2@example.com", "x", false),
    ("FROM_IS_RECIPIENT", "From: Bob@example.net", "x", true),
    ("FROM_IS_RECIPIENT", "From: Bob@example.net\nList-Id: <l.example.net>", "x", false),
    ("REPLY_TO_FREEMAIL", "Reply-To: claims@gmail.com", "x", true),
    ("REPLY_TO_FREEMAIL", "From: a@gmail.com\nReply-To: b@gmail.com", "x", false),
    ("REPLY_TO_DIFFERS", "Reply-To: claims@example.org", "x", true),
    ("REPLY_TO_DIFFERS", "Reply-To: help@support.example.com", "x", false),
    ("SUBJECT_EMPTY", "Subject: ", "x", true),
    ("SUBJECT_EMPTY", "", "x", false),
    ("SUBJECT_ALL_CAPS", "Subject: URGENT BUSINESS", "x", true),
    ("SUBJECT_ALL_CAPS", "Subject: RE: URGENT BUSINESS", "x", true),
    ("SUBJECT_ALL_CAPS", "Subject: RFC 5321", "x", false),
    ("SUBJECT_EXCLAIMS", "Subject: Now! Today!", "x", true),
    ("SUBJECT_EXCLAIMS", "Subject: Thanks!", "x", false),
    ("SUBJECT_MONEY", "Subject: Get $500 now", "x", true),
    ("SUBJECT_MONEY", "Subject: =?utf-8?q?500_=E2=82=AC_f=C3=BCr_Sie?=", "x", true),
    ("SUBJECT_MONEY", "Subject: set $HOME in 2026", "x", false),
    ("SUBJECT_ODD", "Subject: =?utf-8?q?ver=E2=80=8Bify?=", "x", true),
    ("SUBJECT_ODD", "Subject: =?utf-8?q?=F0=9D=90=80_offer?=", "x", true),
    ("SUBJECT_ODD", "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=", "x", false),
    ("SUBJECT_PICTURES", "Subject: =?utf-8?q?=F0=9F=8E=81_for_you?=", "x", true),
    ("SUBJECT_PICTURES", "", "x", false),
    ("SUBJECT_NAMES_RECIPIENT", "Subject: bob@example.net, your parcel", "x", true),
    ("SUBJECT_NAMES_RECIPIENT", "Subject: bobby, your parcel", "x", false),
    ("SUBJECT_TRACKING_CODE", "Subject: your order is ready 8847201X", "x", true),
    ("SUBJECT_TRACKING_CODE", "Subject: meeting on 2026", "x", false),
    ("FAKE_REPLY", "Subject: Re: your offer", "x", true),
    ("FAKE_REPLY", "Subject: Re: your offer\nIn-Reply-To: <0@example.net>", "x", false),
    ("UNDISCLOSED_RECIPIENTS", "To: undisclosed-recipients:;", "x", true),
    ("UNDISCLOSED_RECIPIENTS", "To: -\nCc: bob@example.net", "x", false),
    ("HEADER_RAW_8BIT", "Subject: Gr\u{fc}\u{df}e", "x", true),
    ("HEADER_RAW_8BIT", "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=", "x", false),
    ("BULK_MAILER", "X-Mailer: PHPMailer 5.2", "x", true),
    ("BULK_MAILER", "X-Mailer: Mutt", "x", false),
    ("HEADER_AMBIGUOUS", "+From: eve@example.org", "x", true),
    ("HEADER_AMBIGUOUS", "", "x", false),
    ("HELO_IS_OURS", "@helo: MX.example.net", "x", true),
    ("HELO_IS_OURS", "@helo: mx.example.org", "x", false),
    ("HELO_NOT_A_HOST", "@helo: localhost", "x", true),
    ("HELO_NOT_A_HOST", "@helo: 192.0.2.1", "x", true),
    ("HELO_NOT_A_HOST", "@helo: [192.0.2.1]", "x", false),
    ("REVERSE_NAME_MISSING", "@reverse: none", "x", true),
    ("REVERSE_NAME_MISSING", "@reverse: late", "x", false),
    ("REPLY_IN_THREAD", "In-Reply-To: <0@example.net>", "Bob wrote:\n> hello\nYes.\n", true),
    ("REPLY_IN_THREAD", "In-Reply-To: <0@example.net>", "no quote", false),
    ("LIST_IN_THREAD", "List-Id: <l.example.net>\nReferences: <0@example.net>", "x", true),
    ("LIST_IN_THREAD", "List-Id: <l.example.net>", "x", false),
    ("DELIVERY_REPORT", "@sender: <>\nContent-Type: multipart/report; boundary=b", "--b\n\nx\n--b--\n", true),
    ("DELIVERY_REPORT", "Content-Type: multipart/report; boundary=b", "--b\n\nx\n--b--\n", false),
];

#[rustfmt::skip]
const TEXT_ROWS: &[Row] = &[
    ("GTUBE", "", "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X", true),
    ("GTUBE", BASE64, "WEpTKkM0SkRCUUFETjEuTlNCTjMqMklETkVOKkdUVUJFLVNUQU5EQVJELUFOVEktVUJFLVRFU1QtRU1BSUwqQy4zNFg=", true),
    ("GTUBE", "", "GTUBE", false),
    ("BODY_EMPTY", "", "\n \n", true),
    ("BODY_EMPTY", "", "x", false),
    ("HTML_ONLY", HTML, "<p>Hello</p>", true),
    ("HTML_ONLY", "", "Hello", false),
    ("HTML_LITTLE_TEXT", HTML, "<a href='http://example.org/'><img src=x></a>", true),
    ("HTML_LITTLE_TEXT", HTML, "<p>Hello</p>", false),
    ("HTML_FORM", HTML, "<form action=x><input></form>", true),
    ("HTML_FORM", HTML, "<p>fill in the &lt;form&gt;</p>", false),
    ("HIDDEN_TEXT", HTML, HIDDEN, true),
    ("HIDDEN_TEXT", HTML, "<div style='display:none'>short preview</div><p>Hello</p>", false),
    ("BASE64_TEXT", BASE64, "SGVsbG8gdGhlcmU=", true),
    ("BASE64_TEXT", BASE64, "R3LDvMOfZQ==", false),
    ("INVISIBLE_IN_WORDS", HTML, "v&zwnj;er&zwnj;i&zwnj;f&zwnj;y y&shy;o&shy;u&shy;r&shy;s", true),
    ("INVISIBLE_IN_WORDS", HTML, "preview &zwnj; &zwnj; &zwnj; &zwnj; &zwnj; &zwnj; &zwnj; &zwnj; &zwnj;", false),
    ("MIXED_SCRIPT_WORDS", HTML, "p&#1072;ypal &#1072;ccount p&#1072;ssword", true),
    ("MIXED_SCRIPT_WORDS", HTML, "&#1087;&#1088;&#1080;&#1074;&#1077;&#1090; hello &#1087;&#1088;&#1080;&#1074;&#1077;&#1090;", false),
    ("OBFUSCATED_WORDS", "", "cheap v1agra", true),
    ("OBFUSCATED_WORDS", "", "cheap tea", false),
    ("ADVANCE_FEE_1", "", "I am the widow", true),
    ("ADVANCE_FEE_1", "", "the widower", false),
    ("ADVANCE_FEE_2", "", "Your inheritance and the next of kin", true),
    ("ADVANCE_FEE_2", "", "next of kin, next of kin", false),
    ("ADVANCE_FEE_4", "", "Widow, Barrister, next of kin, 10 MILLION DOLLARS", true),
    ("ADVANCE_FEE_4", "", "widow, barrister, next of kin", false),
    ("LOTTERY_1", "", "You have won", true),
    ("LOTTERY_1", "", "You have one", false),
    ("LOTTERY_2", "Subject: Lottery", "you have won", true),
    ("LOTTERY_2", "", "you have won", false),
    ("LOAN_OFFER_1", "", "do you need a loan?", true),
    ("LOAN_OFFER_1", "", "a loaned book", false),
    ("LOAN_OFFER_2", "", "a personal loan at 2% interest", true),
    ("LOAN_OFFER_2", "", "a personal loan", false),
    ("CRYPTO_1", "", "Confirm your seed phrase", true),
    ("CRYPTO_1", "", "seeds", false),
    ("CRYPTO_2", "", "MetaMask: your seed phrase", true),
    ("CRYPTO_2", "", "metamask", false),
    ("PHARMACY_1", "", "cheap VIAGRA", true),
    ("PHARMACY_1", "", "viagrapher", false),
    ("PHARMACY_2", "", "viagra and cialis", true),
    ("PHARMACY_2", "", "viagra", false),
    ("ADULT_1", "", "hot singles near you", true),
    ("ADULT_1", "", "single room", false),
    ("ADULT_2", "", "horny hot singles", true),
    ("ADULT_2", "", "hot singles", false),
    ("GAMBLING_1", "", "online casino", true),
    ("GAMBLING_1", "", "online", false),
    ("GAMBLING_2", "", "casino with free spins", true),
    ("GAMBLING_2", "", "casino", false),
    ("OFFER_1", "", "improve your SEO", true),
    ("OFFER_1", "", "Seoul", false),
    ("OFFER_2", "", "SEO and backlinks", true),
    ("OFFER_2", "", "seo", false),
    ("OFFER_3", "", "SEO, backlinks, web design", true),
    ("OFFER_3", "", "seo, backlinks", false),
    ("EASY_MONEY_1", "", "make money", true),
    ("EASY_MONEY_1", "", "makes money", false),
    ("EASY_MONEY_2", "", "work from home, make money", true),
    ("EASY_MONEY_2", "", "work from home", false),
    ("BULK_WORDS_1", "", "Click  here", true),
    ("BULK_WORDS_1", "", "a click", false),
    ("BULK_WORDS_2", "", "click here, act now", true),
    ("BULK_WORDS_2", "", "click here", false),
    ("ACCOUNT_THREAT_1", "", "Verify your acc\u{f3}unt", true),
    ("ACCOUNT_THREAT_1", HTML, "<b>ver</b>ify your<br>account", true),
    ("ACCOUNT_THREAT_1", "", "verify the account", false),
    ("ACCOUNT_THREAT_2", "", "Suspicious activity: confirm your identity", true),
    ("ACCOUNT_THREAT_2", "", "suspicious activity", false),
    ("ACCOUNT_THREAT_3", "", "Ihr Konto: best\u{e4}tigen Sie innerhalb, Konto gesperrt", true),
    ("ACCOUNT_THREAT_3", "", "ihr konto", false),
    ("PARCEL_1", "", "Ihr Paket wartet", true),
    ("PARCEL_1", "", "ein Paket", false),
    ("PARCEL_2", "", "your parcel: pay the customs fee", true),
    ("PARCEL_2", "", "your parcel", false),
    ("GIFT_1", "", "a gift card", true),
    ("GIFT_1", "", "gifts", false),
    ("GIFT_2", "", "Congratulations: a gift card", true),
    ("GIFT_2", "", "congratulations", false),
    ("IMPERSONAL_GREETING", "", "Dear customer,", true),
    ("IMPERSONAL_GREETING", "", "Dear Bob,", false),
    ("PATCH", "Subject: [PATCH] fix", "diff --git a/x b/x\n@@ -1 +1 @@\n", true),
    ("PATCH", "Subject: fix", "diff --git a/x b/x\n", false),
];

#[rustfmt::skip]
const LINK_AND_FILE_ROWS: &[Row] = &[
    ("LINK_IP_ADDRESS", "", "see http://203.0.113.7/login", true),
    ("LINK_IP_ADDRESS", "", "see http://192.168.0.1/login", false),
    ("LINK_TEXT_DIFFERS", HTML, "<a href='http://evil.example/'>https://www.bank.test/login</a>", true),
    ("LINK_TEXT_DIFFERS", HTML, "<a href='http://login.bank.test/'>www.bank.test</a>", false),
    ("LINK_SHORTENER", "", "http://bit.ly/x", true),
    ("LINK_SHORTENER", "", "http://habit.ly/x", false),
    ("LINK_FREE_HOSTING", "", "https://x.pages.dev/", true),
    ("LINK_FREE_HOSTING", "", "https://xpages.dev/", false),
    ("LINK_ODD_DOMAIN", "", "https://a.example.xyz/", true),
    ("LINK_ODD_DOMAIN", "", "https://xyz.example.com/", false),
    ("LINK_USERINFO", "", "http://www.bank.test@evil.example/", true),
    ("LINK_USERINFO", "", "http://example.org/@alice", false),
    ("LINK_PUNYCODE", "", "http://xn--pypal-4ve.example/", true),
    ("LINK_PUNYCODE", "", "http://paypal.example/", false),
    ("LINK_RECIPIENT", "", "http://evil.example/?e=bob@example.net", true),
    ("LINK_RECIPIENT", "", "http://www.example.com/?e=bob@example.net", false),
    ("LINK_ONE_TARGET", HTML, "<a href=http://evil.example/1>a</a><a href=http://evil.example/2>b</a><a href=http://evil.example/3>c</a>", true),
    ("LINK_ONE_TARGET", HTML, "<a href=http://x.example.com/1>a</a><a href=http://x.example.com/2>b</a><a href=http://x.example.com/3>c</a>", false),
    ("ATTACHMENT_EXECUTABLE", "Content-Type: application/octet-stream; name=\"a.exe. \"", "x", true),
    ("ATTACHMENT_EXECUTABLE", "Content-Type: application/pdf; name=a.pdf", "x", false),
    ("ATTACHMENT_DOUBLE_EXTENSION", "Content-Type: application/octet-stream; name=a.pdf.js", "x", true),
    ("ATTACHMENT_DOUBLE_EXTENSION", "Content-Type: application/octet-stream; name=a.tar.gz", "x", false),
    ("ATTACHMENT_HTML", "Content-Type: text/html; name=invoice.HTM", "x", true),
    ("ATTACHMENT_HTML", HTML, "x", false),
];

const HIDDEN: &str = concat!(
    "<p>Hi</p><div style='font-size:0'>",
    "aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa ",
    "aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa ",
    "aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa ",
    "aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa ",
    "aaaaaaaaaa</div>"
);

fn all_rows() -> impl Iterator<Item = &'static Row> {
    [HEADER_ROWS, TEXT_ROWS, LINK_AND_FILE_ROWS].into_iter().flatten()
}

#[test]
fn each_rule_sees_its_mail_and_no_other() {
    for (rule, changes, body, expected) in all_rows() {
        assert_eq!(
            fires(rule, changes, body),
            *expected,
            "{rule}: {changes:?} {body:?}: {:?}",
            findings(changes, body)
        );
    }
}

#[test]
fn every_rule_has_a_row_of_each_kind() {
    let mut seen = std::collections::BTreeSet::new();
    for info in rule_list() {
        assert!(seen.insert(info.name), "{} stands twice in the table", info.name);
        assert!(info.about.ends_with('.') && info.points != 0, "{}", info.name);
        for kind in [true, false] {
            let covered = all_rows().any(|(rule, _, _, expected)| *rule == info.name && *expected == kind);
            assert!(covered, "{} has no row that says {kind}", info.name);
        }
    }
}

#[test]
fn plain_mail_has_no_finding() {
    assert_eq!(
        findings(
            "",
            "Dear Bob,\n\nthe minutes are at https://www.example.com/minutes.\n\nAlice\n"
        ),
        []
    );
}

#[test]
fn an_executable_by_any_name_is_seen() {
    for name in ["a.scr", "a.PDF.exe", "=?utf-8?q?a=2Evbs?="] {
        assert!(
            fires("ATTACHMENT_EXECUTABLE", &format!("{FILE}\"{name}\""), "x"),
            "{name}"
        );
    }
}
