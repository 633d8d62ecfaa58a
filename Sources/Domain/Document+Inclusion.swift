extension Document {
    /// Whether everything that `part` says is said here too: members of objects are compared one by
    /// one and others may be there, lists must agree element by element.
    package func includes(_ part: Document) -> Bool {
        switch (self, part) {
        case (.object(let mine), .object(let theirs)):
            theirs.members.allSatisfy { member in
                mine[member.key].map { $0.includes(member.value) } ?? false
            }
        case (.array(let mine), .array(let theirs)):
            mine.count == theirs.count && zip(mine, theirs).allSatisfy { $0.includes($1) }
        default: self == part
        }
    }
}
