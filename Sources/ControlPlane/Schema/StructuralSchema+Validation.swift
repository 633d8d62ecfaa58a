package import Domain

extension StructuralSchema {
    /// What is wrong with an object, in the words of the API server.
    package func problems(of object: Document) -> [APIStatus.Cause] {
        var report = SchemaReport()
        var path = FieldPath.root
        check(object, &path, isObject: true, &report)
        if !report.causes.isEmpty, hasRules,
            report.causes.contains(where: { Self.blocking.contains($0.reason) })
        {
            report.causes.append(
                .invalid(
                    "<nil>",
                    .null,
                    "some validation rules were not checked because the object was invalid; "
                        + "correct the existing errors to complete validation"
                )
            )
        }
        return report.causes
    }

    /// The reasons of complaints after which a server does not look at rules any more.
    static let blocking: Set<String> = [
        "FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany",
        "FieldValueTypeInvalid",
    ]

    /// What is wrong with a default value: the messages name no place.
    func problems(ofDefault value: Document, at place: String) -> [APIStatus.Cause] {
        var report = SchemaReport()
        report.place = place
        var path = FieldPath.root
        check(value, &path, isObject: false, &report)
        return report.causes
    }

    private func check(
        _ value: Document,
        _ path: inout FieldPath,
        isObject: Bool,
        _ report: inout SchemaReport
    ) {
        if value.isNull, isNullable { return }
        guard hasRightType(value, path, &report) else { return }
        if !choices.isEmpty, !choices.contains(where: { $0.isSameJSON(as: value) }) {
            let names = choices.map { $0.stringValue ?? $0.inMessage }
            report.add(path) { .notSupported($0, value, names) }
        }
        switch value {
        case .string(let text): checkString(text, path, &report)
        case .integer, .double: checkNumber(value, path, &report)
        case .array(let list): checkList(list, &path, &report)
        case .object(let fields): checkObject(fields, &path, isObject: isObject, &report)
        case .null, .bool: break
        }
        checkCombinations(value, &path, &report)
    }

    private func hasRightType(
        _ value: Document,
        _ path: FieldPath,
        _ report: inout SchemaReport
    ) -> Bool {
        let found = value.schemaType
        if isIntOrString {
            if value.integerValue != nil || value.stringValue != nil { return true }
            report.type(path, "integer,string", found)
            return false
        }
        guard let kind else { return true }
        switch (kind, value) {
        case (.array, .array), (.boolean, .bool), (.object, .object), (.string, .string),
            (.number, .integer), (.number, .double), (.integer, .integer):
            return true
        case (.integer, .double):
            if value.integerValue != nil { return true }
            guard !format.isEmpty else {
                report.type(path, "integer", "number")
                return false
            }
            report.type(path, format, "float64")
            let name = report.name(path)
            report.causes.append(
                .invalid(
                    "<nil>",
                    "",
                    "Checked value must be of type integer with format \(format) in \(name)"
                )
            )
            return false
        default:
            report.type(path, kind.rawValue, found)
            return false
        }
    }

    private func checkString(_ text: String, _ path: FieldPath, _ report: inout SchemaReport) {
        let value = Document.string(text)
        // No text has more scalars than bytes.
        let isShort = bounds.maxLength.map { text.utf8.count <= $0 } ?? true
        let length = isShort && bounds.minLength == nil ? 0 : text.unicodeScalars.count
        if let most = bounds.maxLength, length > most {
            report.add(path) {
                .init(
                    reason: "FieldValueTooLong",
                    message: "Too long: may not be more than \(most) bytes",
                    field: $0
                )
            }
        }
        if let least = bounds.minLength, length < least {
            report.body(path, value, "should be at least \(least) chars long")
        }
        if let patternText, !(pattern?.matches(text) ?? false) {
            report.body(path, value, "should match '\(patternText)'")
        }
        if !format.isEmpty, !SchemaFormat.accepts(text, format) {
            report.type(path, format, text, value: value)
        }
    }

    private func checkNumber(_ value: Document, _ path: FieldPath, _ report: inout SchemaReport) {
        guard let number = value.doubleValue else { return }
        if let limit = bounds.maximum, let most = limit.doubleValue,
            number > most || (bounds.excludesMaximum && number == most)
        {
            let words = bounds.excludesMaximum ? "less than" : "less than or equal to"
            report.body(path, value, "should be \(words) \(limit.inMessage)")
        }
        if let limit = bounds.minimum, let least = limit.doubleValue,
            number < least || (bounds.excludesMinimum && number == least)
        {
            let words = bounds.excludesMinimum ? "greater than" : "greater than or equal to"
            report.body(path, value, "should be \(words) \(limit.inMessage)")
        }
        if let limit = bounds.multipleOf, let unit = limit.doubleValue, unit > 0,
            (number / unit).rounded() * unit != number
        {
            report.body(path, value, "should be a multiple of \(limit.inMessage)")
        }
    }

    private func checkList(
        _ list: [Document],
        _ path: inout FieldPath,
        _ report: inout SchemaReport
    ) {
        if let most = bounds.maxItems, list.count > most {
            report.tooMany(path, list.count, most)
        }
        if let least = bounds.minItems, list.count < least {
            report.body(path, .integer(list.count), "should have at least \(least) items")
        }
        if bounds.uniqueItems, Set(list).count < list.count {
            report.body(path, .array(list), "shouldn't contain duplicates")
        }
        if listType == "set" || listType == "map" { checkDuplicates(list, path, &report) }
        guard let schema = items else { return }
        for (index, item) in list.enumerated() {
            guard !report.isFull else { return }
            path.parts.append(.index(index))
            schema.check(item, &path, isObject: false, &report)
            path.parts.removeLast()
        }
    }

    private func checkDuplicates(
        _ list: [Document],
        _ path: FieldPath,
        _ report: inout SchemaReport
    ) {
        var seen: Set<Document> = []
        for (index, item) in list.enumerated() {
            var identity = item
            if listType == "map" {
                identity = [:]
                for key in listKeys { identity[key] = item[key] }
            }
            if !seen.insert(identity).inserted {
                report.add(path[index]) { .duplicate($0, identity) }
            }
        }
    }

    private func checkObject(
        _ fields: Fields,
        _ path: inout FieldPath,
        isObject: Bool,
        _ report: inout SchemaReport
    ) {
        for name in required where fields[name] == nil {
            report.add(path[name]) { .required($0) }
        }
        if let most = bounds.maxProperties, fields.count > most {
            report.tooMany(path, fields.count, most)
        }
        if let least = bounds.minProperties, fields.count < least {
            report.body(path, .object(fields), "should have at least \(least) properties")
        }
        for member in fields.members {
            guard !report.isFull else { return }
            // Metadata is not the schema's business.
            if isObject, Self.objectMembers.contains(member.key) { continue }
            guard let schema = properties[member.key] ?? additional else { continue }
            path.parts.append(.key(member.key))
            schema.check(member.value, &path, isObject: false, &report)
            path.parts.removeLast()
        }
    }

    private func checkCombinations(
        _ value: Document,
        _ path: inout FieldPath,
        _ report: inout SchemaReport
    ) {
        let place = path
        func fits(_ schema: StructuralSchema) -> Bool {
            var inner = SchemaReport()
            var path = place
            schema.check(value, &path, isObject: false, &inner)
            return inner.causes.isEmpty
        }
        for schema in allOf { schema.check(value, &path, isObject: false, &report) }
        if !anyOf.isEmpty, !isIntOrString, !anyOf.contains(where: fits) {
            report.body(path, value, "must validate at least one schema (anyOf)")
        }
        if !oneOf.isEmpty, oneOf.count(where: fits) != 1 {
            report.body(path, value, "must validate one and only one schema (oneOf)")
        }
        if let schema = not, fits(schema) {
            report.body(path, value, "must not validate the schema (not)")
        }
    }
}

/// What has been found so far.
struct SchemaReport {
    /// A hostile object may hold millions of wrong values.
    static let limit = 100

    var causes: [APIStatus.Cause] = []
    /// Stands for the path, where messages name no place.
    var place: String?

    var isFull: Bool { causes.count >= Self.limit }

    func name(_ path: FieldPath) -> String { place == nil ? path.description : "" }

    mutating func add(_ path: FieldPath, _ cause: (String) -> APIStatus.Cause) {
        guard !isFull else { return }
        let text = path.description
        guard let place else {
            causes.append(cause(text))
            return
        }
        let separator = text.isEmpty || text.hasPrefix("[") ? "" : "."
        causes.append(cause(place + separator + text))
    }

    mutating func body(_ path: FieldPath, _ value: Document, _ text: String) {
        let name = name(path)
        add(path) { .invalid($0, value, "\(name) in body \(text)") }
    }

    mutating func type(
        _ path: FieldPath,
        _ expected: String,
        _ found: String,
        value: Document? = nil
    ) {
        let name = name(path)
        let text = Document.string(found).inMessage
        add(path) {
            .init(
                reason: "FieldValueTypeInvalid",
                message: "Invalid value: \(text): \(name) in body must be of type \(expected): "
                    + text,
                field: $0
            )
        }
    }

    mutating func tooMany(_ path: FieldPath, _ count: Int, _ most: Int) {
        add(path) {
            .init(
                reason: "FieldValueTooMany",
                message: "Too many: \(count): must have at most \(most) items",
                field: $0
            )
        }
    }
}

/// The formats of strings that the API server checks.
enum SchemaFormat {
    static func accepts(_ text: String, _ format: String) -> Bool {
        switch format {
        case "date-time": CELTime(text) != nil
        case "date": text.utf8.count == 10 && CELTime(text + "T00:00:00Z") != nil
        case "uuid", "uuid3", "uuid4", "uuid5": uuid?.matches(text) ?? true
        case "ipv4": ipv4?.matches(text) ?? true
        case "byte": byte?.matches(text) ?? true
        default: true
        }
    }

    private static let uuid = LinearPattern(
        "^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}$"
    )
    private static let ipv4 = LinearPattern(
        #"^((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])$"#
    )
    private static let byte = LinearPattern("^[A-Za-z0-9+/]*={0,2}$")
}

extension Document {
    /// The JSON type as the server's messages name it.
    var schemaType: String {
        switch self {
        case .array: "array"
        case .null, .bool, .integer, .double, .string, .object: kindName
        }
    }
}
