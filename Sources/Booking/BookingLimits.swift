// Every limit of bookings in one place, each with its unit and reason (product.md, 3.1).

public enum BookingLimits {
    // MARK: Texts

    /// Characters, as people count them, and bytes of UTF-8.
    public static let topicCharacters = 128
    public static let topicBytes = 512
    /// Characters. WeCom has the same.
    public static let notesCharacters = 500
    public static let locationCharacters = 128
    /// UTF-8 bytes of a character on average, as in the directory: any code point, few stacked marks.
    static let bytesPerCharacter = 4

    // MARK: People

    public static let coHosts = 10
    /// Invited people, departments expanded.
    public static let invited = 2_000
    /// Departments and rooms that one booking names. More departments mean the one above them.
    public static let departments = 200
    public static let rooms = 20
    /// People inside at once; dingtalk's 302 is what the engine must hold.
    public static let participants = 300
    public static let mostParticipants = 302
    /// Who is rung: a ring is for a few.
    public static let ringing = 50

    // MARK: Time

    /// Minutes.
    public static let minutes = 5...24 * 60
    /// Minutes of a meeting that is started now and says nothing.
    public static let instantMinutes = 60
    /// Minutes before the start.
    public static let reminders: Set<Int> = [0, 5, 15, 60, 1440]
    /// Seconds without a host after which a member who is invited may take the place without a key.
    public static let hostAbsence = 600
    /// Seconds after the planned end at which an empty meeting ends.
    public static let emptyEnd = 1_800
    /// Seconds after its start at which any meeting ends.
    public static let hardStop = 86_400
    /// Minutes before a meeting is closed at which people are told.
    public static let closingWarnings = [5, 1]
}
