import Domain

/// What is wrong with `metadata.ownerReferences`.
enum OwnerReferenceRules {
    static func problems(of object: Document) -> [APIStatus.Cause] {
        let references = object.at("metadata", "ownerReferences")?.arrayValue ?? []
        var causes: [APIStatus.Cause] = []
        let place = "metadata.ownerReferences"
        for reference in references {
            for key in ["apiVersion", "kind", "name", "uid"]
            where (reference[key]?.stringValue ?? "").isEmpty {
                causes.append(.invalid("\(place).\(key)", "", "must not be empty"))
            }
        }
        let controllers = references.filter { $0["controller"] == true }.map {
            "\($0["kind"]?.stringValue ?? "")/\($0["name"]?.stringValue ?? "")"
        }
        if controllers.count > 1 {
            let printed = references.map(printed).joined(separator: ",")
            causes.append(
                .init(
                    reason: "FieldValueInvalid",
                    message: "Invalid value: [\(printed)]: Only one reference can have Controller "
                        + "set to true. Found \"true\" in references for \(controllers[0]) and "
                        + controllers[1],
                    field: place
                )
            )
        }
        return causes
    }

    /// A reference with its members in Go's order.
    private static func printed(_ reference: Document) -> String {
        let keys = ["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"]
        let members = keys.compactMap { key in
            reference[key].map { "\"\(key)\":\($0.inMessage)" }
        }
        return "{\(members.joined(separator: ","))}"
    }
}
