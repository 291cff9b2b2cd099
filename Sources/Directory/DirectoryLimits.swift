// Every limit of the directory in one place, each with its unit and reason.

public enum DirectoryLimits {
    // MARK: The organisation

    /// Members of one organisation. Ten times what the search is measured with; beyond it a linear search gets slow.
    public static let members = 100_000
    /// Departments of one organisation: one for each ten members.
    public static let departments = 10_000
    /// Levels of the tree, the root included. WeCom, which directories come from, has 15.
    public static let departmentDepth = 15
    /// Leaders of one department.
    public static let leadersPerDepartment = 10

    // MARK: One member

    /// Characters of an account id (product.md, B14).
    public static let accountCharacters = 32
    /// Departments of one member. People sit in two or three; WeCom allows 100.
    public static let departmentsPerMember = 100
    /// Direct leaders of one member.
    public static let directLeaders = 10
    /// Tags of one member or department.
    public static let tags = 50
    /// Custom fields that colleagues see (B3).
    public static let internalFields = 20
    /// Custom fields that people outside see (B3).
    public static let externalFields = 6

    // MARK: Texts, in characters; a character has at most `bytesPerCharacter` bytes of UTF-8 on average

    /// Name, English name, alias, a department's name, a tag, a custom field's name.
    public static let nameCharacters = 64
    /// Position, company short name.
    public static let titleCharacters = 64
    /// Address, a custom field's value.
    public static let longTextCharacters = 256
    /// Bytes of a website's address.
    public static let websiteBytes = 1024
    /// Bytes of an e-mail address (RFC 5321, 4.5.3.1.3, less the angle brackets) and of its local part (4.5.3.1.1).
    public static let emailBytes = 254
    public static let emailLocalBytes = 64
    /// Digits of an international phone number (ITU-T E.164, 6.2.1) and the fewest that any country has.
    public static let phoneDigits = 6...15
    /// Characters of an office phone with its extension.
    public static let officePhoneCharacters = 32
    /// UTF-8 bytes a character may take on average: four is any code point, and little room is left for stacked marks.
    public static let bytesPerCharacter = 4

    // MARK: Search

    /// Characters of a query that are looked at.
    public static let queryCharacters = 64
    /// Results of one search.
    public static let searchResults = 200

    // MARK: Rules

    /// Visibility rules of an organisation: each costs every look at a member.
    public static let visibilityRules = 100
    /// Days for which a service provider's grant lives when nothing else is said (B6).
    public static let serviceGrantDays: Int64 = 30
    /// The longest life of such a grant: nobody remembers for longer whom he let in.
    public static let longestServiceGrantDays: Int64 = 366

    // MARK: Import

    /// Rows of people in one file (product.md, 6).
    public static let importRows = 20_000
    /// Rows before the header: the pictured template has nine (B14); more are notes nobody writes.
    public static let rowsBeforeHeader = 50
    /// Columns of a row that are looked at: twelve are known.
    public static let importColumns = 64
    /// Characters of a cell that are looked at: a hundred departments with long paths.
    public static let cellCharacters = 8_192
    /// Errors that one answer lists: nobody reads more, and a file with a shifted column has one in every cell.
    public static let importErrors = 1_000
}
