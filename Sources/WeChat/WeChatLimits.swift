// Every limit of what is said to WeChat and WeCom in one place, each with its unit and reason.

public enum WeChatLimits {
    // MARK: Addresses and texts that come from outside

    /// Bytes of a page's address that is signed or redirected to. Browsers' own limits are above it, our pages' far below.
    public static let addressBytes = 2048
    /// Bytes of an OAuth2 code (WeCom says at most 512).
    public static let codeBytes = 512
    /// Bytes of a token, ticket or session key as it is answered; the documents ask for room for 512.
    public static let tokenBytes = 2048
    /// Bytes of an openid, userid or external_userid; WeCom's userid has at most 64, external ids about 32.
    public static let identifierBytes = 128
    /// Characters of a nickname or another text about a person that is kept.
    public static let nameCharacters = 64

    // MARK: Replies

    /// Bytes of a reply about one person, a token or a ticket; they have about 1 kB, with many custom fields 20.
    public static let replyBytes = 256 * 1024
    /// Bytes of a directory listing: 20,000 members with 800 bytes each.
    public static let listBytes = 16 * 1024 * 1024
    /// Departments or members in one listing; what comes after is not the directory of a customer of ours.
    public static let listEntries = 20_000
    /// Departments, leaders or custom fields of one member.
    public static let memberEntries = 100

    // MARK: Tokens

    /// Seconds before its end at which a token is fetched anew, so that none ends between here and there.
    public static let refreshEarly: Int64 = 300
    /// Seconds a token may live by the answer that brings it; longer is a mistake, and would hide an ended one.
    public static let longestTokenLife: Int64 = 86_400
    /// Seconds for which nothing is fetched after WeChat said "too often".
    public static let holdOff: Int64 = 60
    /// How often a call is made again after "busy" (-1).
    public static let busyRetries = 3

    // MARK: Callbacks

    /// Seconds a callback's timestamp may differ from ours.
    public static let callbackWindow: Int64 = 300
    /// Bytes of a callback's body; events have about 1 kB, a text message at most 2 kB.
    public static let callbackBytes = 64 * 1024
    /// Fields of a callback's XML that are kept, and levels of elements inside of it.
    public static let callbackFields = 64
    public static let callbackDepth = 8
    /// Callbacks that are remembered to tell repetitions. WeCom repeats three times within a minute.
    public static let rememberedCallbacks = 4096

    // MARK: Robots (product.md, 2.7)

    /// Messages of one robot in `robotPeriod` seconds.
    public static let robotMessages = 20
    public static let robotPeriod: Int64 = 60
    /// Bytes of UTF-8.
    public static let robotTextBytes = 2048
    public static let robotMarkdownBytes = 4096
    public static let robotTitleBytes = 128
    public static let robotDescriptionBytes = 512
    public static let robotArticles = 8
    /// Bytes of an image before base64.
    public static let robotImageBytes = 2 * 1024 * 1024
    /// Bytes of a message's JSON: the image in base64, and room for the rest.
    public static let robotBodyBytes = 3 * 1024 * 1024
    /// People mentioned in one message.
    public static let robotMentions = 100
    /// Rows of a card.
    public static let robotCardRows = 6
    /// Messages that wait for one robot; the oldest goes when another comes.
    public static let robotQueue = 100
}
