//! Phrases, all found in one pass by one automaton. Written folded: lower case, marks off the letters, single blanks.
//!
//! A phrase counts once however often it stands there, and only as whole words.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// What a phrase speaks of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Group {
    AdvanceFee,
    Lottery,
    Loan,
    Crypto,
    Pharmacy,
    Adult,
    Gambling,
    Offer,
    EasyMoney,
    Bulk,
    Account,
    Parcel,
    Gift,
    Greeting,
    Obfuscated,
}

#[rustfmt::skip]
const PHRASES: &[(Group, &[&str])] = &[
    (Group::AdvanceFee, &[
        "in your country", "your country", "500,000", "500.000", "5.5 million", "10.5 million", "000,000.00", "000.000,00", "the funds", "this fund", "this transaction", "kindly get back", "get back to me", "i am contacting you", "i got your", "reply me", "contact me for more", "for investment", "discuss with you", "i need your", "yours faithfully", "my country", "government of", "ich kontaktiere sie", "kontaktieren sie mich", "kontaktieren sie uns fur", "dzien dobry, czy", "next of kin", "late client", "my late husband", "deceased client", "deceased customer", "died in a plane crash", "bank of africa", "beneficiary of",
        "unclaimed fund", "unclaimed funds", "inheritance fund", "inheritance funds", "your inheritance", "transfer of the fund", "transfer of funds",
        "million dollars", "million us dollars", "million united states dollars", "million euros", "million pounds",
        "business proposal", "business proposition", "mutual benefit", "strictly confidential", "utmost confidence", "utmost confidentiality", "100% risk free",
        "foreign partner", "foreign account", "diplomatic courier", "consignment box", "trunk box", "security company", "barrister", "attorney at law",
        "atm card", "atm visa card", "compensation fund", "compensation payment", "western union", "moneygram", "money gram",
        "your full name", "full names", "united nations", "widow", "orphanage", "cancer patient", "terminally ill", "cancer of", "charity donation", "donate the sum",
        "donation of", "i wish to donate", "god bless you", "contact me urgently", "urgent response", "urgent reply", "dearest one", "beloved in christ",
        "beloved friend", "i am mrs", "i am miss", "i am barrister", "my name is mrs", "from syria", "us army", "u.s. army", "deposited the sum", "sum of usd",
        "sum of us$", "share the money", "i have a proposal", "i have a business", "mutual business", "private email", "reply to my private", "oil and gas",
        "libya", "burkina faso", "abidjan", "cote d'ivoire", "nigeria", "lome togo", "benin republic", "investment fund", "investment funding", "investment project",
        "erbschaft", "verstorbenen kunden", "nachster angehoriger", "spende von", "ihnen gespendet", "herencia", "cliente fallecido", "don de", "heritage de", "feu client",
        "spadek", "darowizna", "doacao de", "heranca",
    ]),
    (Group::Lottery, &[
        "you have won", "you won the", "winning number", "winning numbers", "lottery", "lucky winner", "email lottery", "prize money", "claim your prize", "cash prize",
        "your email address won", "award notification", "you have been selected to receive", "gewinnbenachrichtigung", "sie haben gewonnen",
        "has ganado", "vous avez gagne", "voce ganhou", "voce foi sorteado",
    ]),
    (Group::Loan, &[
        "loan offer", "offer loans", "we offer loan", "we offer all kinds of loan", "loan at 2%", "loan at 3%", "interest rate of 2%", "interest rate of 3%", "2% interest", "3% interest",
        "apply for a loan", "need a loan", "personal loan", "business loan", "loan amount", "loan company", "urgent loan", "consolidate your debt", "debt consolidation", "bad credit",
        "refinance", "mortgage rates", "mortgage rate", "low interest", "kreditangebot", "kredit ohne schufa", "darlehen", "oferta de prestamo", "prestamo personal", "offre de pret", "pret entre particuliers",
        "emprestimo", "pozyczka", "financial assistance", "funding for your", "loan application", "loan today", "lowest mortgage", "home loan", "payday loan",
    ]),
    (Group::Crypto, &[
        "your xrp", "ripple", "token allocation", "allocation program", "your assets", "your tokens", "connect your wallet", "staking rewards", "ledger security", "bitcoin wallet", "btc wallet", "your wallet", "your bitcoin", "send bitcoin", "bitcoin address", "metamask", "trust wallet", "ledger live", "seed phrase", "recovery phrase",
        "secret recovery", "airdrop", "claim your tokens", "crypto investment", "crypto trading", "bitcoin investment", "forex trading", "recorded you", "your webcam", "your device was hacked",
        "adult sites", "mining platform", "bitcoin mining", "your crypto", "wallet verification", "verify your wallet", "kryptowahrung", "nft drop", "bitcoin code", "bitcoin profit", "btc balance", "transfer of btc",
    ]),
    (Group::Pharmacy, &[
        "viagra", "cialis", "levitra", "online pharmacy", "canadian pharmacy", "no prescription", "without prescription", "prescription drugs", "weight loss", "lose weight", "fat burning", "burn fat",
        "penis enlargement", "male enhancement", "enlarge your", "human growth hormone", "erectile", "testosterone", "cbd gummies", "keto gummies", "diet pills", "valium", "xanax", "phentermine",
        "blood sugar", "abnehmen", "potenzmittel", "emagrecer", "perdre du poids", "hgh", "anti-aging", "neuropathy", "tinnitus", "toenail fungus", "prostate", "joint pain",
    ]),
    (Group::Adult, &[
        "hot singles", "lonely women", "horny", "adult dating", "sex dating", "hookup", "milf", "webcam girls", "meet singles", "russian women", "ukrainian women", "single women",
        "girls in your area", "sexkontakte", "sie sucht", "my private photos", "my photos", "sexting", "casual sex", "hardcore", "nude",
    ]),
    (Group::Gambling, &[
        "online casino", "casino", "free spins", "freispiele", "jackpot", "welcome bonus", "slot machine", "no deposit bonus", "willkommensbonus", "giros gratis", "tours gratuits", "bet now", "sports betting",
    ]),
    (Group::Offer, &[
        "manufacturer and", "we supply", "our price", "product catalog", "product range", "hot sale", "factory price", "to your website", "your website", "top ranking", "more traffic", "sales manager", "b2b", "potential customers", "cold calling", "data list", "search engine", "seo", "first page of google", "google ranking", "rank your website", "website traffic", "web design", "website design", "redesign your website", "mobile app development", "web development company", "guest post",
        "guest posts", "sponsored post", "link insertion", "backlinks", "email list", "mailing list of", "attendees list", "attendee list", "decision makers", "our factory", "manufacturer of", "manufacturer in china",
        "leading manufacturer", "professional manufacturer", "we are a manufacturer", "supplier of", "moq", "best price", "competitive price", "bulk order",
        "digital marketing", "lead generation", "i came across your website", "visited your website", "we are a leading", "app development", "looking forward to cooperate", "long-term cooperation",
        "send you a quote", "explainer video", "photo editing", "image editing", "clipping path", "wikipedia page", "social media marketing", "instagram followers", "rfq", "product inquiry",
    ]),
    (Group::EasyMoney, &[
        "work from home", "work at home", "make money", "extra income", "earn money", "financial freedom", "be your own boss", "home based business", "get paid", "earn up to", "easy money", "passive income", "quick cash",
        "free money", "million dollar", "per week from home", "no experience necessary", "no experience required", "no experience needed", "risk free", "risk-free", "money back guarantee", "money-back guarantee", "no obligation",
        "multi level", "multi-level", "mlm", "chain letter", "unlimited income", "residual income", "thousands of dollars", "geld verdienen", "ganhe dinheiro", "gagner de l'argent", "ganar dinero", "stock alert", "penny stock", "otcbb",
        "strong buy", "this stock", "university diploma", "university diplomas", "life experience degree", "investment opportunity", "guaranteed income", "credit card debt", "erase bad credit", "satellite tv descrambler", "cable descrambler",
    ]),
    (Group::Bulk, &[
        "view this email", "trouble viewing", "trouble reading", "view as a web page", "view as web page", "here to view", "here to remove", "yourself from our", "from our emails", "our emails list", "our mailings", "future mailings", "in the subject line", "% off", "button below", "time offer", "clique no", "entre em contato", "hier abmelden", "vom newsletter abmelden", "nicht mehr erhalten", "to be removed", "be removed from", "remove me", "removal instructions", "removed from our list", "remove in the subject", "this is not spam", "bulk email", "bulk e-mail", "million email",
        "opt-in list", "opted in", "opt-out", "opt out", "click here", "click below", "act now", "order now", "limited time", "special offer", "this offer", "one time mailing", "one-time mailing", "no further mailings",
        "section 301", "s. 1618", "s.1618", "targeted email", "call now", "toll free", "toll-free", "order today", "free trial", "buy now", "100% free", "absolutely free", "satisfaction guaranteed", "while supplies last",
        "hier klicken", "klicken sie hier", "clique aqui", "cliquez ici", "haga clic", "jetzt sichern", "aproveite", "nur heute", "solo hoy", "unsubscribe here", "if you no longer wish to receive",
    ]),
    (Group::Account, &[
        "secure your", "login details", "order confirmation", "seu cpf", "sie wurden", "button below to", "24 stunden", "to confirm your", "we have detected", "we detected", "wir haben festgestellt", "ihre karte", "ihrer karte", "cartao", "receita federal", "detran", "your mailbox", "upgrade your", "validate your", "help desk", "unable to process", "verify your account", "verify your identity", "verify your email", "verify your information", "confirm your account", "confirm your identity", "confirm your email address", "update your account", "update your information",
        "update your payment", "update your billing", "your account has been", "your account will be", "account suspended", "account is suspended", "account has been suspended", "account has been limited", "account has been locked",
        "account on hold", "suspicious activity", "unusual activity", "unusual sign-in", "unusual sign in", "unauthorized access", "unauthorized transaction", "sign-in attempt", "password expires", "password will expire", "password expiry", "your password",
        "mailbox is full", "mailbox storage", "mailbox quota", "storage is full", "quota exceeded", "pending messages", "undelivered messages", "incoming messages", "deactivated", "deactivation", "restore access", "reactivate",
        "within 24 hours", "within 48 hours", "payment declined", "payment failed", "billing problem", "subscription has expired", "membership has expired", "subscription will", "auto-renewal", "security alert", "log in to your account",
        "login now", "dear user", "has been compromised", "keep same password", "keep current password", "fax message", "voice message", "shared a document", "secure document", 
        "konto wurde", "ihr konto", "konto gesperrt", "konto eingeschrankt", "daten bestatigen", "bestatigen sie", "aktualisieren sie", "verifizieren", "sicherheitsgrunden", "ungewohnliche aktivitat", "ihre zahlung", "phototan", "pushtan", "tan-verfahren",
        "sua conta", "conta foi", "bloqueada", "bloqueado", "suspensa", "atualize", "atualizar seus dados", "confirme seus dados", "regularize", "boleto", "pendencia", "debito em aberto", "expiram", "intimacao",
        "su cuenta", "cuenta ha sido", "verifique su", "actualice", "actualizar sus datos", "suspendida", "bandeja de entrada",
        "votre compte", "compte a ete", "suspendu", "verifier votre", "mettre a jour", "confirmer votre", "votre carte vitale", "remboursement", "espace client",
        "uw account", "uw rekening", "bevestig", "geblokkeerd", "il tuo account", "il suo account", "verifica",
    ]),
    (Group::Parcel, &[
        "your package", "your parcel", "your shipment", "package could not be delivered", "delivery attempt", "missed delivery", "tracking number", "shipping fee", "delivery fee", "customs fee", "reschedule delivery", "schedule your delivery",
        "ihr paket", "ihre sendung", "zollgebuhr", "versandkosten", "zustellung", "seu pacote", "sua encomenda", "taxa de entrega", "votre colis", "frais de livraison", "su paquete", "uw pakket", "il tuo pacco", "pending delivery", "delivery confirmation",
    ]),
    (Group::Gift, &[
        "your rewards", "exclusive gift", "gewonnen", "claim your", "special reward", "thank you for being", "receive a free", "exklusives angebot", "gift card", "giftcard", "free gift", "exclusive reward", "claim your reward", "claim now", "your reward", "loyal customer", "short survey", "30-second survey", "take the survey", "customer survey", "quick survey", "you've been chosen", "you have been chosen", "you have been selected", "you've been selected",
        "congratulations", "geschenkkarte", "gutschein", "gewinnen sie", "gewinnspiel", "umfrage", "herzlichen gluckwunsch", "parabens", "vale presente", "premio", "felicidades", "felicitations", "tarjeta de regalo", "carte cadeau", "cadeaubon", "exklusive", "exclusive offer", "sample box", "reward points",
    ]),
    (Group::Greeting, &[
        "dear customer", "dear valued customer", "valued customer", "dear client", "dear account", "dear email", "dear user", "dear friend", "dear beneficiary", "dear winner", "dear sir/madam", "dear sir / madam", "dear sir or madam", "dear sir/ma", "dear member", "dear webmail", "dear owner", "attn:", "attention:",
        "hello dear", "my dear", "dear beloved", "greetings to you", "good day to you", "dear purchasing manager", "dear sir,madam", "dear business owner", "dear homeowner", "sehr geehrter kunde", "sehr geehrte kundin", "lieber kunde", "sehr geehrte damen und herren", "guten tag lieber", "prezado cliente", "caro cliente", "estimado cliente", "cher client", "chere cliente", "geachte klant", "gentile cliente", "szanowni panstwo", "dear amazon", "dear paypal",
    ]),
    (Group::Obfuscated, &[
        "v1agra", "vi@gra", "v|agra", "viagr@", "c1alis", "ci@lis", "c!alis", "m0ney", "cl1ck", "l0an", "pr0fit", "p0rn", "s3x", "s.e.x", "v.i.a.g.r.a", "v-i-a-g-r-a", "mortg@ge", "m0rtgage", "fr33", "acc0unt", "passw0rd", "paypa1", "amaz0n", "micros0ft", "netf1ix", "app1e", "ver1fy", "upd@te",
    ]),
];

/// The automaton.
#[derive(Debug)]
pub(crate) struct Phrases {
    automaton: AhoCorasick,
    /// Group and text of each pattern.
    patterns: Vec<(Group, &'static str)>,
}

/// The phrases found in one message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hits {
    found: Vec<(Group, &'static str)>,
}

impl Hits {
    /// The different phrases of a group, in the order found.
    pub(super) fn of(&self, group: Group) -> Vec<&'static str> {
        self.found
            .iter()
            .filter(|(one, _)| *one == group)
            .map(|(_, phrase)| *phrase)
            .collect()
    }
}

impl Phrases {
    /// Compiles the automaton.
    pub(crate) fn new() -> Self {
        let patterns: Vec<(Group, &'static str)> = PHRASES
            .iter()
            .flat_map(|(group, list)| list.iter().map(|phrase| (*group, *phrase)))
            .collect();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            // A few megabytes once, for one table look-up an octet of every message.
            .kind(Some(AhoCorasickKind::DFA))
            .build(patterns.iter().map(|(_, phrase)| phrase))
            .expect("a few hundred short literals always compile");
        Self { automaton, patterns }
    }

    /// Adds what is found in `text` to `hits`.
    pub(crate) fn find(&self, text: &str, hits: &mut Hits) {
        let octets = text.as_bytes();
        let inside = |octet: Option<&u8>| octet.is_some_and(|c| c.is_ascii_alphanumeric() || *c >= 0x80);
        for found in self.automaton.find_iter(text) {
            let pattern = self.patterns[found.pattern().as_usize()];
            let before = found.start().checked_sub(1).and_then(|at| octets.get(at));
            let whole = !inside(before) && !inside(octets.get(found.end()));
            if whole && !hits.found.contains(&pattern) {
                hits.found.push(pattern);
            }
        }
    }
}
