//! Short lists that rules look things up in. Hosts and domains are in lower case.

/// Domains where anyone has a mailbox for the asking.
pub(super) const FREEMAIL: &[&str] = &[
    "gmail.com", "googlemail.com", "yahoo.com", "yahoo.co.uk", "yahoo.co.jp", "yahoo.fr", "yahoo.de", "ymail.com",
    "rocketmail.com", "hotmail.com", "hotmail.fr", "hotmail.co.uk", "outlook.com", "outlook.fr", "live.com", "msn.com",
    "aol.com", "aim.com", "gmx.com", "gmx.de", "gmx.net", "web.de", "mail.com", "email.com", "usa.com", "consultant.com",
    "mail.ru", "bk.ru", "list.ru", "inbox.ru", "yandex.com", "yandex.ru", "rambler.ru", "qq.com", "163.com", "126.com",
    "sina.com", "naver.com", "daum.net", "hanmail.net", "protonmail.com", "proton.me", "tutanota.com", "zoho.com",
    "icloud.com", "me.com", "laposte.net", "orange.fr", "free.fr", "libero.it", "terra.com.br", "uol.com.br", "bol.com.br",
    "wp.pl", "o2.pl", "interia.pl", "onet.pl", "seznam.cz", "t-online.de", "comcast.net", "att.net", "netzero.net",
    "excite.com", "lycos.com", "myway.com", "hushmail.com", "fastmail.com", "inbox.com", "rediffmail.com", "zohomail.com",
];

/// Names that are used to be trusted; in their own mail the sending domain has the name too.
pub(super) const BRANDS: &[&str] = &[
    "paypal", "amazon", "netflix", "apple", "icloud", "microsoft", "office 365", "outlook", "onedrive", "sharepoint",
    "docusign", "dropbox", "facebook", "instagram", "whatsapp", "linkedin", "ebay", "dhl", "fedex", "ups", "usps", "dpd",
    "royal mail", "correios", "coinbase", "binance", "metamask", "blockchain", "ledger", "trezor", "trust wallet",
    "wells fargo", "bank of america", "citibank", "hsbc", "barclays", "santander", "bradesco", "itau", "caixa",
    "banco do brasil", "sparkasse", "volksbank", "postbank", "commerzbank", "deutsche bank", "comdirect", "n26",
    "american express", "mastercard", "visa", "klarna", "spotify", "disney", "mcafee", "norton", "geek squad", "walmart",
    "costco", "home depot", "lowes", "ikea", "lidl", "aldi", "rewe", "edeka", "kaufland", "starbucks", "harbor freight",
    "dicks sporting", "ace hardware", "state farm", "telekom", "vodafone", "o2", "swisscom", "mercado livre", "mercado pago",
    "nubank", "serasa", "magalu", "americanas", "adac", "elster", "finanzamt", "zoll", "impots", "ameli", "la poste",
    "chronopost", "credit agricole", "bnp paribas", "societe generale", "rabobank", "abn amro", "postnl", "bpost",
    "pingo doce", "continente", "steam", "roblox", "yeti", "dewalt", "makita", "cvs", "walgreens", "kohls", "tractor supply",
    "robinhood", "kraken", "exodus", "opensea", "uniswap", "trustwallet", "bitcoin", "western union", "moneygram", "fbi",
];

/// Top-level domains whose mail is spam far more often than not.
pub(super) const ODD_TOP_LEVEL: &[&str] = &[
    "xyz", "top", "click", "shop", "online", "site", "store", "icu", "buzz", "club", "live", "work", "fun", "space",
    "website", "cyou", "cfd", "sbs", "rest", "monster", "quest", "bond", "lol", "best", "tk", "ml", "ga", "cf", "gq", "cam",
    "biz", "stream", "download", "loan", "win", "bid", "vip", "life", "today", "world", "pro", "beauty", "hair", "skin",
    "autos", "boats", "homes", "yachts", "christmas", "lat", "za.com", "ru.com", "sa.com", "makeup", "one", "link",
];

/// Hosts that hide a target behind a short name.
pub(super) const SHORTENERS: &[&str] = &[
    "bit.ly", "tinyurl.com", "t.co", "goo.gl", "ow.ly", "is.gd", "cutt.ly", "rebrand.ly", "rb.gy", "t.ly", "shorturl.at",
    "tiny.cc", "bl.ink", "short.gy", "s.id", "v.gd", "qrco.de", "shorturl.asia", "tiny.one", "urlz.fr", "lnkd.in",
    "l.ead.me", "cli.re", "u.to", "clck.ru", "did.li", "t2m.io", "surl.li", "adf.ly", "bit.do", "shrtco.de", "2no.co",
    "n9.cl", "acortar.link", "encr.pw", "encurtador.com.br", "goo.su", "x.co", "soo.gd", "t1p.de",
];

/// Hosts under which anyone puts up a page without a name of their own.
pub(super) const FREE_HOSTING: &[&str] = &[
    "storage.googleapis.com", "blob.core.windows.net", "web.core.windows.net", "azurewebsites.net", "cloudapp.azure.com",
    "azureedge.net", "firebaseapp.com", "web.app", "appspot.com", "pages.dev", "workers.dev", "r2.dev", "herokuapp.com",
    "netlify.app", "vercel.app", "onrender.com", "glitch.me", "repl.co", "weebly.com", "weeblysite.com", "wixsite.com",
    "webflow.io", "square.site", "yolasite.com", "000webhostapp.com", "blogspot.com", "ipfs.io", "dweb.link", "cloudflare-ipfs.com",
    "sites.google.com", "forms.gle", "translate.goog", "duckdns.org", "ngrok.io", "ngrok-free.app", "trycloudflare.com",
    "myqcloud.com", "aliyuncs.com", "digitaloceanspaces.com", "linodeobjects.com", "wasabisys.com", "godaddysites.com",
    "mystrikingly.com", "carrd.co", "jotform.com", "typeform.com", "formstack.com", "surge.sh", "fleek.co", "on.fleek.co",
    "s3.amazonaws.com", "cloudfront.net", "codeanyapp.com", "plesk.page", "geocities.com", "tripod.com", "ddns.net",
];

/// What mass mailers call themselves.
pub(super) const BULK_MAILERS: &[&str] = &[
    "phpmailer", "the bat!", "leaf phpmailer", "outlook express 5.0", "outlook express 6.00.2462", "outlook express 6.00.2600.0000",
    "bulk", "massmail", "mass mail", "sendblaster", "group mail", "aol 7.0", "gammadyne", "supermailer", "atomic mail", "turbo-mailer",
    "internet mail service (5.5.2650.21)", "openwave", "mailman pro", "php mailer", "foxmail",
];

/// Extensions of files that run when they are opened.
pub(super) const EXECUTABLE_EXTENSIONS: &[&str] = &[
    "exe", "scr", "pif", "com", "bat", "cmd", "vbs", "vbe", "js", "jse", "wsf", "wsh", "hta", "lnk", "msi", "msp", "cpl",
    "jar", "ps1", "reg", "dll", "chm", "iso", "img", "vhd", "vhdx", "one", "xll", "xlam", "appx", "msix", "ace", "scf", "url",
];

/// Extensions that a reader takes for harmless.
pub(super) const DOCUMENT_EXTENSIONS: &[&str] = &[
    "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "rtf", "txt", "jpg", "jpeg", "png", "gif", "csv", "mp3", "wav", "xml",
];
