import Domain

/// As much of OpenAPI as `kubectl` asks for: which versions there are, that writes take `dryRun`
/// and `fieldValidation`, and the schemas of custom resources, which `kubectl explain` shows.
enum OpenAPI {
    static func index(_ store: Store) -> APIResponse {
        var paths: Document = [:]
        for path in pages(store) {
            paths[path] = ["serverRelativeURL": .string("/openapi/v3/\(path)")]
        }
        return .init(status: 200, body: .document(["paths": paths]))
    }

    private static func pages(_ store: Store) -> [String] {
        store.registry.definitions.map {
            $0.kind.group.isEmpty ? "api/v1" : "apis/\($0.kind.group)/\($0.kind.version)"
        }
    }

    static func page(_ path: String, _ store: Store) -> APIResponse {
        guard pages(store).contains(path) else { return .pageNotFound }
        var paths: Document = [:]
        var schemas: Document = [:]
        for definition in store.registry.definitions {
            let kind = definition.kind
            let root = kind.path(namespace: definition.isNamespaced ? "{namespace}" : nil)
            guard root.hasPrefix("/\(path)/") else { continue }
            let identity: Document = [
                "group": .string(kind.group), "version": .string(kind.version),
                "kind": .string(kind.kind),
            ]
            if var schema = schema(of: definition, store) {
                schema["x-kubernetes-group-version-kind"] = [identity]
                let group = kind.group.split(separator: ".").reversed().joined(separator: ".")
                schemas["\(group).\(kind.version).\(kind.kind)"] = schema
            }
            let names = ["dryRun", "fieldManager", "fieldValidation", "force"]
            let parameters = names.map { name -> Document in
                ["name": .string(name), "in": "query", "schema": ["type": "string"]]
            }
            paths["\(root)/{name}"] = [
                "patch": [
                    "x-kubernetes-action": "patch", "parameters": .array(parameters),
                    "x-kubernetes-group-version-kind": identity,
                    "responses": ["200": ["description": "OK"]],
                ]
            ]
        }
        return .init(
            status: 200,
            body: .document([
                "openapi": "3.0.0", "info": ["title": "Slipway sandbox", "version": "v1.36.0"],
                "paths": paths, "components": ["schemas": schemas],
            ]))
    }

    /// The schema of a custom resource as its definition has it; `nil` for built-in kinds.
    private static func schema(of definition: KindDefinition, _ store: Store) -> Document? {
        guard let name = definition.customDefinition else { return nil }
        let key = ResourceKey(CustomResources.kind, namespace: "", name: name)
        let versions = store.object(key)?.at("spec", "versions")?.arrayValue ?? []
        return versions.first { $0["name"]?.stringValue == definition.kind.version }?
            .at("schema", "openAPIV3Schema")
    }
}
