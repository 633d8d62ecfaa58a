package import Domain

/// CustomResourceDefinitions: how one becomes kinds that the store serves, and how they go.
package enum CustomResources {
    package static let kind = ResourceKind(
        group: "apiextensions.k8s.io", version: "v1", kind: "CustomResourceDefinition",
        plural: "customresourcedefinitions")

    /// Holds a deleted definition until its objects are gone.
    static let finalizer = "customresourcecleanup.apiextensions.k8s.io"

    /// The rules for definitions themselves.
    static func configure(_ definition: inout KindDefinition) {
        definition.rules.validateCreate = DefinitionRules.problems
        definition.rules.validateUpdate = { new, _ in DefinitionRules.problems(of: new) }
        definition.rules.prepareCreate = { object in
            let storage = (object.at("spec", "versions")?.arrayValue ?? []).first {
                $0["storage"]?.boolValue == true
            }
            object["status"] = [
                "acceptedNames": ["plural": "", "kind": ""],
                "storedVersions": storage?["name"].map { .array([$0]) } ?? [],
            ]
        }
        definition.rules.applyDefaults = { object, _ in
            guard let kind = object.at("spec", "names", "kind")?.stringValue else { return }
            if object.at("spec", "names", "singular") == nil {
                object.set(["spec", "names", "singular"], to: .string(kind.lowercased()))
            }
            if object.at("spec", "names", "listKind") == nil {
                object.set(["spec", "names", "listKind"], to: .string(kind + "List"))
            }
            if object.at("spec", "conversion") == nil {
                object.set(["spec", "conversion"], to: ["strategy": "None"])
            }
        }
        definition.rules.prepareDelete = { object in
            guard !object.objectFinalizers.contains(finalizer) else { return }
            let all = object.objectFinalizers + [finalizer]
            object.set(["metadata", "finalizers"], to: .array(all.map(Document.string)))
        }
    }

    /// Adds a definition and serves it at once.
    ///
    /// - Throws: 409 if it exists, 422 if it is wrong.
    package static func install(
        _ definition: Document, into store: inout Store, now: Timestamp
    ) throws(APIStatus) {
        let context = WriteContext(now: now, manager: "kube-apiserver")
        try store.create(kind, namespace: "", definition, context)
        reconcile(&store, now: now)
    }

    /// Adds a definition, or gives one that is there the new one's spec, and serves it at once.
    ///
    /// - Throws: 422 if it is wrong.
    package static func bringUpToDate(
        _ definition: Document, in store: inout Store, now: Timestamp
    ) throws(APIStatus) {
        let key = ResourceKey(kind, namespace: "", name: definition.objectName)
        guard store.object(key) != nil else {
            return try install(definition, into: &store, now: now)
        }
        try store.update(key, WriteContext(now: now, manager: "kube-apiserver")) { old in
            var new = old
            new["spec"] = definition["spec"]
            return new
        }
        reconcile(&store, now: now)
    }

    /// Serves what has been defined, empties and forgets what has been deleted.
    package static func reconcile(_ store: inout Store, now: Timestamp) {
        let context = WriteContext(now: now, manager: "kube-apiserver", part: .system)
        for definition in store.objects(kind) {
            if definition.isTerminating {
                empty(definition, &store, context)
            } else {
                serve(definition, &store, context)
            }
        }
        let known = Set(store.objects(kind).map(\.objectName))
        let isStale = store.registry.definitions.contains {
            $0.customDefinition.map { !known.contains($0) } ?? false
        }
        guard isStale else { return }
        store.registry.removeAll { $0.customDefinition.map { !known.contains($0) } ?? false }
    }

    private static func serve(
        _ definition: Document, _ store: inout Store, _ context: WriteContext
    ) {
        register(definition, in: &store)
        guard definition.at("status", "acceptedNames") != definition.at("spec", "names") else {
            return
        }
        let time = Document.string(context.now.description)
        let key = ResourceKey(kind, namespace: "", name: definition.objectName)
        _ = try? store.update(key, context) { old in
            var new = old
            new.set(["status", "acceptedNames"], to: old.at("spec", "names"))
            new.set(
                ["status", "conditions"],
                to: [
                    [
                        "type": "NamesAccepted", "status": "True", "lastTransitionTime": time,
                        "reason": "NoConflicts", "message": "no conflicts found",
                    ],
                    [
                        "type": "Established", "status": "True", "lastTransitionTime": time,
                        "reason": "InitialNamesAccepted",
                        "message": "the initial names have been accepted",
                    ],
                ])
            return new
        }
    }

    /// Makes the kinds of a definition known, unless they are.
    static func register(_ definition: Document, in store: inout Store) {
        let name = definition.objectName
        let generation = definition.objectGeneration
        let isKnown = store.registry.definitions.contains {
            $0.customDefinition == name && $0.customGeneration == generation
        }
        guard !isKnown else { return }
        store.registry.removeAll { $0.customDefinition == name }
        for kind in kinds(of: definition) { store.registry.add(kind) }
    }

    private static func empty(
        _ definition: Document, _ store: inout Store, _ context: WriteContext
    ) {
        let name = definition.objectName
        let kinds = store.registry.definitions.filter { $0.customDefinition == name }.map(\.kind)
        if let first = kinds.first {
            for object in store.objects(first) where !object.isTerminating {
                let key = ResourceKey(
                    first, namespace: object.objectNamespace, name: object.objectName)
                _ = try? store.delete(key, context)
            }
            guard store.count(of: first) == 0 else { return }
        }
        let key = ResourceKey(kind, namespace: "", name: name)
        _ = try? store.update(key, context) { old in
            var new = old
            let rest = old.objectFinalizers.filter { $0 != finalizer }
            new.set(
                ["metadata", "finalizers"],
                to: rest.isEmpty ? nil : .array(rest.map(Document.string)))
            return new
        }
    }

    /// The kinds a definition brings, the storage version first.
    static func kinds(of definition: Document) -> [KindDefinition] {
        let spec = definition["spec"] ?? [:]
        guard let group = spec["group"]?.stringValue,
            let kindName = spec.at("names", "kind")?.stringValue,
            let plural = spec.at("names", "plural")?.stringValue
        else { return [] }
        let versions = (spec["versions"]?.arrayValue ?? []).filter { $0["served"] == true }
        let ordered =
            versions.filter { $0["storage"] == true } + versions.filter { $0["storage"] != true }
        return ordered.compactMap { version in
            guard let name = version["name"]?.stringValue else { return nil }
            let kind = ResourceKind(group: group, version: name, kind: kindName, plural: plural)
            var result = KindDefinition(kind, isNamespaced: spec["scope"] == "Namespaced")
            result.customDefinition = definition.objectName
            result.customGeneration = definition.objectGeneration
            result.singular = spec.at("names", "singular")?.stringValue ?? kindName.lowercased()
            result.listKind = spec.at("names", "listKind")?.stringValue ?? kindName + "List"
            result.shortNames = strings(spec.at("names", "shortNames"))
            result.categories = strings(spec.at("names", "categories"))
            result.allowsUnconditionalUpdate = false
            result.hasStatus = version.at("subresources", "status") != nil
            result.generations = result.hasStatus ? .allButStatus : .all
            result.scale = scale(version.at("subresources", "scale"))
            result.obey(version.at("schema", "openAPIV3Schema") ?? [:])
            let columns = (version["additionalPrinterColumns"]?.arrayValue ?? [])
                .compactMap(Tables.Column.init(printer:))
            result.columns = columns.isEmpty ? [Tables.age] : columns
            for field in version["selectableFields"]?.arrayValue ?? [] {
                guard let text = field["jsonPath"]?.stringValue, let path = JSONPath(text) else {
                    continue
                }
                result.rules.selectableFields[String(text.dropFirst())] = { object in
                    let value = path.first(in: object)
                    return value?.stringValue ?? value?.canonicalJSONString() ?? ""
                }
            }
            return result
        }
    }

    private static func strings(_ list: Document?) -> [String] {
        (list?.arrayValue ?? []).compactMap(\.stringValue)
    }

    private static func scale(_ scale: Document?) -> KindDefinition.Scale? {
        func path(_ name: String) -> [String]? {
            scale?[name]?.stringValue.map { $0.split(separator: ".").map(String.init) }
        }
        guard let spec = path("specReplicasPath"), let status = path("statusReplicasPath") else {
            return nil
        }
        return .init(
            specReplicas: spec, statusReplicas: status, selector: path("labelSelectorPath"))
    }
}

extension KindDefinition {
    /// Prunes, fills in and checks objects by a schema and its rules.
    fileprivate mutating func obey(_ written: Document) {
        let schema = StructuralSchema(written)
        shape = schema.shape()
        let scale = scale
        let validation = ValidationSchema.compiled(written)
        let complete: @Sendable (Document) -> Document = {
            schema.defaulted(schema.pruned($0).object)
        }
        rules.unknownFields = { schema.pruned($0).unknown }
        rules.applyDefaults = { new, _ in new = complete(new) }
        rules.validateCreate = { object in
            let found = schema.problems(of: object) + Self.scaleProblems(of: object, scale)
            return found + Self.broken(validation, object, nil, besides: found)
                + OwnerReferenceRules.problems(of: object)
        }
        rules.validateUpdate = { new, old in
            let parts = Self.changedParts(new, old)
            let found = Self.problems(of: new, old, changed: parts, schema, scale, complete)
            var broken: [APIStatus.Cause] = []
            if let validation, !parts.isEmpty || validation.hasTransitions {
                broken = Self.broken(validation, new, complete(old), besides: found)
            }
            return found + broken + OwnerReferenceRules.problems(of: new)
        }
    }

    /// What the schema finds in those parts of an object that an update changes.
    private static func problems(
        of new: Document, _ old: Document, changed parts: Set<String>, _ schema: StructuralSchema,
        _ scale: Scale?, _ complete: (Document) -> Document
    ) -> [APIStatus.Cause] {
        // Nobody is told of what stays as it was, so it need not be read: mostly only the status
        // is another one.
        guard !parts.isEmpty else { return [] }
        func problems(_ object: Document) -> [APIStatus.Cause] {
            schema.problems(of: object) + scaleProblems(of: object, scale)
        }
        var changed = new
        for key in new.objectValue?.keys ?? []
        where !StructuralSchema.objectMembers.contains(key) && !parts.contains(key) {
            changed[key] = nil
        }
        guard !concerning(parts, problems(changed)).isEmpty else { return [] }
        return concerning(changedParts(new, complete(old)), problems(new))
    }

    /// The rules that an object breaks. Some errors of the schema keep them from being looked at.
    private static func broken(
        _ validation: ValidationSchema?, _ new: Document, _ old: Document?,
        besides found: [APIStatus.Cause]
    ) -> [APIStatus.Cause] {
        guard let validation,
            !found.contains(where: { StructuralSchema.blocking.contains($0.reason) })
        else { return [] }
        return validation.problems(of: new, old: old)
    }

    /// The members of an object besides its metadata that are not as they were.
    private static func changedParts(_ new: Document, _ old: Document) -> Set<String> {
        let keys = (new.objectValue?.keys ?? []) + (old.objectValue?.keys ?? [])
        return Set(keys.filter { $0 != "metadata" && new[$0] != old[$0] })
    }

    /// The problems of those parts of an object (`spec`, `status`) that an update changes. What
    /// was stored under older rules stays writable where nobody touches it: the status of an
    /// invalid release can be written, and its finalizers taken off.
    private static func concerning(
        _ parts: Set<String>, _ causes: [APIStatus.Cause]
    ) -> [APIStatus.Cause] {
        let found = causes.filter { cause in
            let part = cause.field.drop { $0 == "." }.prefix { $0 != "." && $0 != "[" }
            return part.hasPrefix("<") || parts.contains(String(part))
        }
        // A remark about the others does not stand alone.
        return found.allSatisfy { $0.field.hasPrefix("<") } ? [] : found
    }

    /// What is wrong with the number that the scale subresource shows.
    private static func scaleProblems(of object: Document, _ scale: Scale?) -> [APIStatus.Cause] {
        guard let path = scale?.specReplicas.filter({ !$0.isEmpty }), !path.isEmpty else {
            return []
        }
        var value: Document? = object
        for key in path { value = value?[key] }
        guard let value, !value.isNull else { return [] }
        let field = "." + path.joined(separator: ".")
        if let number = value.integerValue {
            guard number < 0 else { return [] }
            return [.invalid(field, .integer(number), "should be a non-negative integer")]
        }
        let (text, type) =
            value.stringValue.map { ($0, "string") }
            ?? (value.inMessage, value.doubleValue == nil ? value.kindName : "float64")
        let words = "\(field) accessor error: \(text) is of the type \(type), expected int64"
        return [.invalid(field, 0, words)]
    }
}
