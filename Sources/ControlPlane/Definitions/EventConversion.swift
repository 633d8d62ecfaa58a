import Domain

/// Events of the core group and of events.k8s.io are one store; they are kept in the core form.
enum EventConversion {
    static let core = ResourceKind(group: "", version: "v1", kind: "Event", plural: "events")

    /// The member of the newer group and the one of the core group.
    private static let pairs = [
        ("regarding", "involvedObject"), ("note", "message"),
        ("reportingController", "reportingComponent"), ("deprecatedSource", "source"),
        ("deprecatedFirstTimestamp", "firstTimestamp"),
        ("deprecatedLastTimestamp", "lastTimestamp"), ("deprecatedCount", "count"),
    ]

    static func configure(_ definition: inout KindDefinition) {
        let isCore = definition.kind == core
        let isNew = !isCore
        definition.names = .pathSegment
        definition.allowsCreateOnUpdate = true
        definition.rules.applyDefaults = { event, _ in
            if event["source"] == nil { event["source"] = [:] }
            for member in ["reportingComponent", "reportingInstance"] where event[member] == nil {
                event[member] = ""
            }
            for member in ["eventTime", "firstTimestamp", "lastTimestamp"]
            where event[member] == nil {
                event[member] = .null
            }
        }
        if isNew {
            definition.rules.toStored = { renamed($0, to: core) { ($0.0, $0.1) } }
            let kind = definition.kind
            definition.rules.fromStored = { renamed($0, to: kind) { ($0.1, $0.0) } }
        }
        definition.rules.validateCreate = { isNew ? strictProblems($0) : coreProblems($0) }
        let object = isNew ? "regarding" : "involvedObject"
        for member in [
            "kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath",
        ] {
            definition.rules.selectableFields["\(object).\(member)"] = {
                $0[object]?[member]?.stringValue ?? ""
            }
        }
        for member in ["reason", "type", isNew ? "reportingController" : "reportingComponent"] {
            definition.rules.selectableFields[member] = { $0[member]?.stringValue ?? "" }
        }
    }

    private static func renamed(
        _ event: Document, to kind: ResourceKind, _ order: ((String, String)) -> (String, String)
    ) -> Document {
        var result = event
        for pair in pairs {
            let (from, to) = order(pair)
            guard let value = result[from] else { continue }
            result[from] = nil
            result[to] = value
        }
        result["apiVersion"] = .string(kind.apiVersion)
        result["kind"] = .string(kind.kind)
        return result
    }

    private static func coreProblems(_ event: Document) -> [APIStatus.Cause] {
        let namespace = event.at("involvedObject", "namespace")?.stringValue ?? ""
        let expected = namespace.isEmpty ? "default" : namespace
        guard event.objectNamespace != expected else { return [] }
        return [
            .invalid(
                "involvedObject.namespace", .string(namespace), "does not match event.namespace")
        ]
    }

    /// The newer group insists on more.
    private static func strictProblems(_ event: Document) -> [APIStatus.Cause] {
        var causes = coreProblems(event)
        let hasTime = event["eventTime"]?.stringValue != nil
        if !hasTime {
            causes.append(.required("eventTime"))
        } else {
            let members = [
                ("reportingComponent", "reportingController"),
                ("reportingInstance", "reportingInstance"), ("action", "action"),
                ("reason", "reason"),
            ]
            for (member, name) in members where (event[member]?.stringValue ?? "").isEmpty {
                causes.append(.required(name))
            }
        }
        let type = event["type"]?.stringValue ?? ""
        if type != "Normal", type != "Warning" {
            causes.append(.invalid("type", "", "has invalid value: \(type)"))
        }
        return causes
    }
}
