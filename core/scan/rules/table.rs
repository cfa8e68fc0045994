//! The rules. One row a rule: name, points, what it looks for, predicate. Names are stable: reports and policies use
//! them. Points: 50 makes a message suspect, 90 spam (the defaults of the policy); no rule alone is meant to reach 50
//! except those that name what they found.

use super::phrases::Group;
use super::{Rule, attachments, body, envelope, evidence::Evidence, header, links};

const fn rule(
    name: &'static str,
    points: i32,
    about: &'static str,
    seen: fn(&Evidence<'_>) -> Option<String>,
) -> Rule {
    Rule {
        name,
        points,
        about,
        seen,
    }
}

#[rustfmt::skip]
pub(super) const RULES: &[Rule] = &[
    rule("GTUBE", 100, "The anti-spam test string.", body::gtube),

    rule("DATE_MISSING", 12, "There is no Date field.", header::date_missing),
    rule("MESSAGE_ID_MISSING", 10, "There is no Message-ID field.", header::message_id_missing),
    rule("MESSAGE_ID_ODD", 8, "The Message-ID has no domain, or a bare word for one.", header::message_id_odd),
    rule("FROM_MISSING", 18, "No sender address in From.", header::from_missing),
    rule("FROM_NAME_ADDRESS", 25, "The sender's display name is another address.", header::from_name_address),
    rule("FROM_NAME_BRAND", 45, "The sender's display name is a brand that its domain is not.", header::from_name_brand),
    rule("FROM_NAME_ODD", 20, "The sender's display name has pictures or invisible letters.", header::from_name_odd),
    rule("FROM_DOMAIN_DIGITS", 15, "The sender's domain has many digits.", header::from_domain_digits),
    rule("FROM_DOMAIN_ODD", 18, "The sender's domain is under a top-level domain with little but spam.", header::from_domain_odd),
    rule("FROM_LOCAL_RANDOM", 12, "The sender's mailbox looks made by a machine.", header::from_local_random),
    rule("FROM_IS_RECIPIENT", 15, "The message claims to be from its own recipient.", header::from_is_recipient),
    rule("REPLY_TO_FREEMAIL", 32, "Replies go to a free mailbox at another domain than From.", header::reply_to_freemail),
    rule("REPLY_TO_DIFFERS", 6, "Replies go to another domain than From.", header::reply_to_differs),
    rule("SUBJECT_EMPTY", 5, "There is no subject.", header::subject_empty),
    rule("SUBJECT_ALL_CAPS", 18, "The subject is all capitals.", header::subject_all_caps),
    rule("SUBJECT_EXCLAIMS", 12, "The subject has several exclamation marks.", header::subject_exclaims),
    rule("SUBJECT_MONEY", 18, "The subject names a sum of money or a percentage off.", header::subject_money),
    rule("SUBJECT_ODD", 15, "The subject has invisible or styled letters.", header::subject_odd),
    rule("SUBJECT_PICTURES", 18, "The subject has pictures.", header::subject_pictures),
    rule("SUBJECT_NAMES_RECIPIENT", 22, "The subject holds the recipient's mailbox name.", header::subject_names_recipient),
    rule("SUBJECT_TRACKING_CODE", 12, "The subject ends in a code made to make it unique.", header::subject_code),
    rule("FAKE_REPLY", 10, "The subject says reply, the header names no message replied to.", header::fake_reply),
    rule("UNDISCLOSED_RECIPIENTS", 15, "No recipient is named in To.", header::undisclosed_recipients),
    rule("HEADER_RAW_8BIT", 18, "From or Subject has octets above 127 that are not encoded.", header::raw_8bit),
    rule("BULK_MAILER", 8, "A mailer used for bulk mail made it.", header::bulk_mailer),
    rule("HEADER_AMBIGUOUS", 15, "A field that may be there once is there twice.", header::ambiguous),

    rule("HELO_IS_OURS", 30, "The client greets with our own name.", envelope::helo_is_ours),
    rule("HELO_NOT_A_HOST", 12, "The client greets with a name that no host on the Internet has.", envelope::helo_not_a_host),
    rule("REVERSE_NAME_MISSING", 8, "The client's address has no reverse name.", envelope::reverse_missing),

    rule("BODY_EMPTY", 8, "There is no text and no file.", body::empty),
    rule("HTML_ONLY", 14, "HTML without a plain text beside it.", body::html_only),
    rule("HTML_LITTLE_TEXT", 20, "HTML with pictures or links and hardly any text.", body::html_little_text),
    rule("HTML_FORM", 20, "HTML that asks for input.", body::html_form),
    rule("HIDDEN_TEXT", 18, "Much text is hidden from the reader.", body::hidden_text),
    rule("BASE64_TEXT", 10, "Plain ASCII text encoded in base64, for which there is no need.", body::base64_text),
    rule("INVISIBLE_IN_WORDS", 25, "Invisible characters inside words.", body::invisible_in_words),
    rule("MIXED_SCRIPT_WORDS", 25, "Words that mix look-alike letters of two alphabets.", body::mixed_script_words),
    rule("OBFUSCATED_WORDS", 25, "Words of the trade with characters swapped.", |e| body::phrases(e, Group::Obfuscated, 1)),

    rule("ADVANCE_FEE_1", 22, "A phrase of advance-fee fraud.", |e| body::phrases(e, Group::AdvanceFee, 1)),
    rule("ADVANCE_FEE_2", 38, "Two phrases of advance-fee fraud.", |e| body::phrases(e, Group::AdvanceFee, 2)),
    rule("ADVANCE_FEE_4", 45, "Four phrases of advance-fee fraud.", |e| body::phrases(e, Group::AdvanceFee, 4)),
    rule("LOTTERY_1", 20, "A prize nobody entered for.", |e| body::phrases(e, Group::Lottery, 1)),
    rule("LOTTERY_2", 35, "A prize nobody entered for, in two phrases.", |e| body::phrases(e, Group::Lottery, 2)),
    rule("LOAN_OFFER_1", 25, "A loan offer.", |e| body::phrases(e, Group::Loan, 1)),
    rule("LOAN_OFFER_2", 40, "Two phrases of loan offers.", |e| body::phrases(e, Group::Loan, 2)),
    rule("CRYPTO_1", 18, "A phrase of crypto-currency fraud.", |e| body::phrases(e, Group::Crypto, 1)),
    rule("CRYPTO_2", 30, "Two phrases of crypto-currency fraud.", |e| body::phrases(e, Group::Crypto, 2)),
    rule("PHARMACY_1", 22, "A word of medicine on offer.", |e| body::phrases(e, Group::Pharmacy, 1)),
    rule("PHARMACY_2", 30, "Two words of medicine on offer.", |e| body::phrases(e, Group::Pharmacy, 2)),
    rule("ADULT_1", 20, "A word of sex or dating on offer.", |e| body::phrases(e, Group::Adult, 1)),
    rule("ADULT_2", 25, "Two words of sex or dating on offer.", |e| body::phrases(e, Group::Adult, 2)),
    rule("GAMBLING_1", 20, "A word of gambling on offer.", |e| body::phrases(e, Group::Gambling, 1)),
    rule("GAMBLING_2", 30, "Two words of gambling on offer.", |e| body::phrases(e, Group::Gambling, 2)),
    rule("OFFER_1", 10, "A phrase of unasked business offers.", |e| body::phrases(e, Group::Offer, 1)),
    rule("OFFER_2", 20, "Two phrases of unasked business offers.", |e| body::phrases(e, Group::Offer, 2)),
    rule("OFFER_3", 25, "Three phrases of unasked business offers.", |e| body::phrases(e, Group::Offer, 3)),
    rule("EASY_MONEY_1", 15, "A promise of easy money.", |e| body::phrases(e, Group::EasyMoney, 1)),
    rule("EASY_MONEY_2", 28, "Two promises of easy money.", |e| body::phrases(e, Group::EasyMoney, 2)),
    rule("BULK_WORDS_1", 12, "A phrase of bulk mail about itself.", |e| body::phrases(e, Group::Bulk, 1)),
    rule("BULK_WORDS_2", 18, "Two phrases of bulk mail about itself.", |e| body::phrases(e, Group::Bulk, 2)),
    rule("ACCOUNT_THREAT_1", 14, "A phrase of credential phishing.", |e| body::phrases(e, Group::Account, 1)),
    rule("ACCOUNT_THREAT_2", 26, "Two phrases of credential phishing.", |e| body::phrases(e, Group::Account, 2)),
    rule("ACCOUNT_THREAT_3", 35, "Three phrases of credential phishing.", |e| body::phrases(e, Group::Account, 3)),
    rule("PARCEL_1", 18, "A parcel that waits.", |e| body::phrases(e, Group::Parcel, 1)),
    rule("PARCEL_2", 25, "A parcel that waits, in two phrases.", |e| body::phrases(e, Group::Parcel, 2)),
    rule("GIFT_1", 15, "A phrase of gifts for surveys or loyal customers.", |e| body::phrases(e, Group::Gift, 1)),
    rule("GIFT_2", 30, "Two phrases of gifts for surveys or loyal customers.", |e| body::phrases(e, Group::Gift, 2)),
    rule("IMPERSONAL_GREETING", 20, "Greets a customer, a friend or a mailbox without a name.", |e| body::phrases(e, Group::Greeting, 1)),

    rule("LINK_IP_ADDRESS", 30, "A link to a bare address.", links::ip_address),
    rule("LINK_TEXT_DIFFERS", 15, "A link shows another host than the one it leads to.", links::text_differs),
    rule("LINK_SHORTENER", 18, "A link through a shortener.", links::shortener),
    rule("LINK_FREE_HOSTING", 25, "A link to hosting where anyone puts up a page unnamed.", links::free_hosting),
    rule("LINK_ODD_DOMAIN", 25, "A link under a top-level domain with little but spam.", links::odd_domain),
    rule("LINK_USERINFO", 35, "A link with a false host before an @.", links::userinfo),
    rule("LINK_PUNYCODE", 15, "A link to a host spelled with foreign letters.", links::punycode),
    rule("LINK_RECIPIENT", 28, "A link that carries the recipient's address.", links::recipient),
    rule("LINK_ONE_TARGET", 14, "Many links or pictures that all lead to one foreign host.", links::one_target),

    rule("ATTACHMENT_EXECUTABLE", 60, "A file that runs when it is opened.", attachments::executable),
    rule("ATTACHMENT_DOUBLE_EXTENSION", 40, "A file name with a false extension before the true one.", attachments::double_extension),
    rule("ATTACHMENT_HTML", 25, "A web page as a file.", attachments::html),

    rule("REPLY_IN_THREAD", -30, "It names the messages that it replies to and quotes.", header::reply_in_thread),
    rule("LIST_IN_THREAD", -20, "A mailing list's mail within a thread.", header::list_in_thread),
    rule("PATCH", -40, "A patch.", body::patch),
    rule("DELIVERY_REPORT", -30, "A delivery report: null sender and its own type.", envelope::delivery_report),
];
