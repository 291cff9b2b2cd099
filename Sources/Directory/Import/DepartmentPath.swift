// Reads the department cell of a member file: `研发部/后端组[EN:Backend]；人事部`. Levels stand between `/` or `／`,
// departments between `;`, `；` or line ends, an English name in brackets behind its own level.

struct DepartmentPath: Equatable {
    /// From the top down, at least one; Chinese names are not empty.
    var levels: [BilingualName]

    /// All paths of a cell, or why it cannot be read. An empty cell has none.
    static func paths(in cell: String) -> Result<[DepartmentPath], FieldError> {
        var paths: [DepartmentPath] = []
        var levels: [BilingualName] = []
        var level = Level()
        var isInBrackets = false
        for character in cell {
            switch character {
            case "]" where isInBrackets, "］" where isInBrackets:
                isInBrackets = false
            case _ where isInBrackets:
                level.english?.append(character)
            case "[", "［":
                guard level.english == nil else { return .failure(unreadable) }
                isInBrackets = true
                level.english = ""
            case "/", "／":
                guard let name = level.name else { return .failure(unreadable) }
                levels.append(name)
                level = Level()
            case ";", "；", "\n", "\r\n", "\r":
                if let error = end(&level, &levels, into: &paths) { return .failure(error) }
            default:
                // After its English name a level is over.
                if level.english != nil && !character.isWhitespace { return .failure(unreadable) }
                if level.english == nil { level.chinese.append(character) }
            }
            if levels.count >= DirectoryLimits.departmentDepth + 1 { return .failure(unreadable) }
            if paths.count > DirectoryLimits.departmentsPerMember {
                return .failure(FieldError(.departments, .tooMany, limit: DirectoryLimits.departmentsPerMember))
            }
        }
        if isInBrackets { return .failure(unreadable) }
        if let error = end(&level, &levels, into: &paths) { return .failure(error) }
        for name in paths.flatMap(\.levels) {
            for text in [name.zh, name.en] {
                if case .failure(let error) = TextRules.checked(
                    text, as: .departments, atMost: DirectoryLimits.nameCharacters)
                {
                    return .failure(error)
                }
            }
        }
        return .success(paths)
    }

    private struct Level {
        var chinese = ""
        /// With its `EN:`; nil without brackets.
        var english: String?

        var isEmpty: Bool { chinese.trimmed.isEmpty && english == nil }

        /// Nil when there is no name, or brackets hold anything but `EN:` and a name.
        var name: BilingualName? {
            let zh = chinese.trimmed
            guard !zh.isEmpty else { return nil }
            guard let english else { return BilingualName(zh: zh) }
            let trimmed = english.trimmed
            guard trimmed.count > 3, trimmed.prefix(2).lowercased() == "en",
                let colon = trimmed.dropFirst(2).first, colon == ":" || colon == "："
            else { return nil }
            let en = String(trimmed.dropFirst(3)).trimmed
            return en.isEmpty ? nil : BilingualName(zh: zh, en: en)
        }
    }

    private static let unreadable = FieldError(.departments, .badDepartmentPath)

    /// A path is over. Nothing between two separators, as at the end of a cell, is no path and no error.
    private static func end(
        _ level: inout Level, _ levels: inout [BilingualName], into paths: inout [DepartmentPath]
    ) -> FieldError? {
        if level.isEmpty && levels.isEmpty { return nil }
        guard let name = level.name else { return unreadable }
        paths.append(DepartmentPath(levels: levels + [name]))
        levels = []
        level = Level()
        return nil
    }
}
