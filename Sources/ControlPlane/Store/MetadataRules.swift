import Domain

/// The rules for `metadata` that hold for every kind, in the real server's words.
enum MetadataRules {
    /// What is wrong with the metadata of an object that is created.
    static func problems(
        ofCreated object: Document, _ definition: KindDefinition
    ) -> [APIStatus.Cause] {
        var causes: [APIStatus.Cause] = []
        let name = object.objectName
        if let prefix = object.at("metadata", "generateName")?.stringValue, !prefix.isEmpty,
            let complaint = nameProblem(prefix, definition.names, isPrefix: true)
        {
            causes.append(.invalid("metadata.generateName", .string(prefix), complaint))
        }
        if name.isEmpty {
            causes.append(.required("metadata.name", "name or generateName is required"))
        } else if let complaint = nameProblem(name, definition.names, isPrefix: false) {
            causes.append(.invalid("metadata.name", .string(name), complaint))
        }
        return causes + labelProblems(object) + annotationProblems(object)
            + finalizerProblems(object)
    }

    /// What is wrong with the metadata of an update.
    static func problems(
        ofUpdated new: Document, _ old: Document, _ definition: KindDefinition, askedUID: String
    ) -> [APIStatus.Cause] {
        let contents = labelProblems(new) + annotationProblems(new) + finalizerProblems(new)
        var causes = contents + contents
        if !askedUID.isEmpty, askedUID != old.objectUID {
            causes.append(.invalid("metadata.uid", .string(askedUID), "field is immutable"))
        }
        if old.isTerminating {
            let added = new.objectFinalizers.filter { !old.objectFinalizers.contains($0) }
            if !added.isEmpty {
                let list = added.map { "\"\($0)\"" }.joined(separator: ", ")
                causes.append(
                    .forbidden(
                        "metadata.finalizers",
                        "no new finalizers can be added if the object is being deleted, found new "
                            + "finalizers []string{\(list)}"))
            }
        }
        // The real server looks twice and says everything twice.
        return causes + causes
    }

    // MARK: Names

    private static let subdomain =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' "
        + "or '.', and must start and end with an alphanumeric character (e.g. 'example.com', "
        + "regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
    private static let label =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
        + "and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', "
        + "regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"

    /// What is wrong with a name; a prefix may end with a dash.
    static func nameProblem(
        _ name: String, _ rule: KindDefinition.Names, isPrefix: Bool
    ) -> String? {
        let trimmed = isPrefix && name.hasSuffix("-") ? name.dropLast() + "a" : Substring(name)
        switch rule {
        case .subdomain:
            if name.utf8.count > 253 { return "must be no more than 253 characters" }
            return isSubdomain(trimmed) ? nil : subdomain
        case .label:
            if name.utf8.count > 63 { return "must be no more than 63 characters" }
            return isLabel(trimmed) ? nil : label
        case .serviceLabel:
            if name.utf8.count > 63 { return "must be no more than 63 characters" }
            if trimmed.contains(".") { return "must not contain dots" }
            return isLabel(trimmed) ? nil : label
        case .pathSegment:
            if name == "." || name == ".." { return "may not be '\(name)'" }
            for sign in ["/", "%"] where name.contains(sign) {
                return "may not contain '\(sign)'"
            }
            return nil
        }
    }

    /// Lowercase letters, digits and inner dashes.
    static func isLabel(_ text: some StringProtocol) -> Bool {
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (97...122).contains(byte) || (48...57).contains(byte)
        }
        guard let first = text.utf8.first, let last = text.utf8.reversed().first else {
            return false
        }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && text.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    /// Labels with dots between.
    static func isSubdomain(_ text: some StringProtocol) -> Bool {
        text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { isLabel($0) }
    }

    // MARK: Labels, annotations, finalizers

    private static let qualifiedName =
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with "
        + "an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used "
        + "for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

    /// Letters of either case, digits and inner `-`, `_` and `.`.
    private static func isName(_ text: some StringProtocol) -> Bool {
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte)
        }
        guard let first = text.utf8.first, let last = text.utf8.reversed().first else {
            return false
        }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && text.utf8.allSatisfy {
                isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                    || $0 == UInt8(ascii: ".")
            }
    }

    /// What is wrong with the key of a label or an annotation.
    static func labelKeyProblem(_ key: String) -> String? {
        if isPlainKey(key) { return nil }
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let name = parts.last else {
            return "a valid label key \(qualifiedName) with an optional DNS subdomain prefix "
                + "and '/' (e.g. 'example.com/MyName')"
        }
        if parts.count == 2 {
            if parts[0].isEmpty { return "prefix part must be non-empty" }
            if !isSubdomain(parts[0]) { return "prefix part \(subdomain)" }
        }
        if name.isEmpty { return "name part must be non-empty" }
        if name.utf8.count > 63 { return "name part must be no more than 63 bytes" }
        return isName(name) ? nil : "name part \(qualifiedName)"
    }

    /// Lowercase words with dashes and dots between them, with at most one slash: most keys, which
    /// need no closer look.
    private static func isPlainKey(_ key: String) -> Bool {
        var length = 0
        var slashes = 0
        var afterSign = true
        for byte in key.utf8 {
            let isSign = byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            let isSlash = byte == UInt8(ascii: "/")
            guard isSign || isSlash || isLowercaseOrDigit(byte), !(afterSign && (isSign || isSlash))
            else { return false }
            afterSign = isSign || isSlash
            length = isSlash ? 0 : length + 1
            if isSlash { slashes += 1 }
        }
        return slashes <= 1 && !afterSign && length <= 63 && key.utf8.count <= 100
    }

    private static func isLowercaseOrDigit(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (48...57).contains(byte)
    }

    /// What is wrong with the value of a label.
    static func labelValueProblem(_ value: String) -> String? {
        if value.utf8.count > 63 { return "must be no more than 63 bytes" }
        if value.isEmpty || isName(value) { return nil }
        return "a valid label must be an empty string or consist of alphanumeric characters, '-', "
            + "'_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue', "
            + " or 'my_value',  or '12345', regex used for validation is "
            + "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
    }

    private static func labelProblems(_ object: Document) -> [APIStatus.Cause] {
        object.objectLabels.members.flatMap { member in
            var causes: [APIStatus.Cause] = []
            if let complaint = labelKeyProblem(member.key) {
                causes.append(.invalid("metadata.labels", .string(member.key), complaint))
            }
            if let value = member.value.stringValue, let complaint = labelValueProblem(value) {
                causes.append(.invalid("metadata.labels", .string(value), complaint))
            }
            return causes
        }
    }

    private static func annotationProblems(_ object: Document) -> [APIStatus.Cause] {
        let members = object.objectAnnotations.members
        var causes: [APIStatus.Cause] = []
        var size = 0
        for member in members {
            size += member.key.utf8.count + (member.value.stringValue?.utf8.count ?? 0)
            if let complaint = labelKeyProblem(member.key.lowercased()) {
                let isName = complaint.hasPrefix("name part must consist")
                causes.append(
                    .invalid(
                        "metadata.annotations", .string(member.key),
                        isName ? "name part \(qualifiedName)" : complaint))
            }
        }
        if size > 262_144 {
            causes.append(
                .init(
                    reason: "FieldValueTooLong",
                    message: "Too long: may not be more than 262144 bytes",
                    field: "metadata.annotations"))
        }
        return causes
    }

    private static func finalizerProblems(_ object: Document) -> [APIStatus.Cause] {
        let standard = [Store.foregroundFinalizer, Store.orphanFinalizer, "kubernetes"]
        return object.objectFinalizers.enumerated().compactMap { index, name in
            guard !name.contains("/"), !standard.contains(name) else { return nil }
            return .invalid(
                "metadata.finalizers[\(index)]", .string(name),
                "name is neither a standard finalizer name nor is it fully qualified")
        }
    }
}
